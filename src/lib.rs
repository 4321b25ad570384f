//! totsugo
