//! Styles → Excel formats: palette, font and number formats, each format built once.

use super::super::workbook::{Style, Value};
use hashbrown::HashMap;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

pub(super) const FONT: &str = "游ゴシック";
const YEN: &str = "#,##0;[Red]-#,##0";
const DATE: &str = "yyyy-mm-dd";
const MOMENT: &str = "yyyy-mm-dd hh:mm:ss";
const NAVY: u32 = 0x001F_3864;
const LINK: u32 = 0x0005_63C1;
/// Fill and ink.
const RED: (u32, u32) = (0x00F8_CBCB, 0x009C_0006);
const ORANGE: (u32, u32) = (0x00FC_E0C5, 0x007F_3F00);
const YELLOW: (u32, u32) = (0x00FF_F2CC, 0x007F_6000);

pub(super) fn base() -> Format {
    Format::new().set_font_name(FONT).set_font_size(10).set_font_charset(128).set_align(FormatAlign::VerticalCenter)
}

/// What a value needs of its format besides the style.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Text,
    Number,
    Day,
    Moment,
}

/// Each format is built once.
#[derive(Default)]
pub(super) struct Formats(HashMap<(Style, Shape, bool), Format>);

impl Formats {
    /// The format of a look; a cell that leads elsewhere is underlined.
    pub(super) fn of(&mut self, style: Style, shape: Shape, leads: bool) -> &Format {
        self.0.entry((style, shape, leads)).or_insert_with(|| {
            let format = format(style, shape);
            if leads { format.set_font_color(Color::RGB(LINK)).set_underline(FormatUnderline::Single) } else { format }
        })
    }
}

impl Shape {
    pub(super) const fn of(value: &Value) -> Self {
        match value {
            Value::Empty | Value::Text(_) | Value::Check { .. } => Self::Text,
            Value::Number(_) | Value::Sum { .. } => Self::Number,
            Value::Day(_) => Self::Day,
            Value::Moment(_) => Self::Moment,
        }
    }
}

fn format(style: Style, shape: Shape) -> Format {
    let format = match shape {
        Shape::Text => base(),
        Shape::Number => base().set_num_format(YEN).set_align(FormatAlign::Right).set_indent(1),
        Shape::Day => base().set_num_format(DATE).set_align(FormatAlign::Center),
        Shape::Moment => base().set_num_format(MOMENT).set_align(FormatAlign::Center),
    };
    let filled = |format: Format, fill: u32, ink: u32| {
        format
            .set_background_color(Color::RGB(fill))
            .set_font_color(Color::RGB(ink))
            .set_bold()
            .set_align(FormatAlign::Center)
    };
    let boxed = |format: Format| format.set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x00BF_BFBF));
    match style {
        Style::Plain => indented(format, shape),
        Style::Value => format.set_align(FormatAlign::Left).set_indent(1),
        Style::Wrap => format.set_text_wrap().set_indent(1),
        Style::Small => small(format, style),
        Style::SmallWrap | Style::TinyWrap => small(format, style).set_text_wrap(),
        Style::Title => format.set_font_size(16).set_bold().set_font_color(Color::RGB(NAVY)),
        Style::Banner => format.set_font_size(16).set_bold().set_font_color(Color::RGB(NAVY)).set_shrink(),
        Style::Subtitle => format.set_font_size(9).set_font_color(Color::RGB(0x0059_5959)),
        Style::Section => format.set_font_size(11).set_bold().set_font_color(Color::RGB(NAVY)),
        Style::Heading => boxed(filled(format, NAVY, 0x00FF_FFFF).set_text_wrap()),
        Style::InputHeading => boxed(filled(format, 0x00BF_8F00, 0x00FF_FFFF).set_text_wrap()),
        Style::Label => format.set_font_color(Color::RGB(0x0059_5959)),
        Style::Total => indented(format, shape)
            .set_bold()
            .set_background_color(Color::RGB(0x00DD_E6F3))
            .set_border_top(FormatBorder::Thin)
            .set_border_bottom(FormatBorder::Thin),
        Style::Input | Style::SmallInput | Style::TinyInput => {
            let format = format.set_background_color(Color::RGB(0x00FF_F8D9)).set_font_size(style.points());
            boxed(format.set_text_wrap().set_indent(1).set_unlocked())
        }
        Style::Box => boxed(format),
        Style::Red => filled(format, RED.0, RED.1),
        Style::Orange => filled(format, ORANGE.0, ORANGE.1),
        Style::Yellow => filled(format, YELLOW.0, YELLOW.1),
        Style::YellowText => filled(format, YELLOW.0, YELLOW.1).set_align(FormatAlign::Left).set_indent(1),
        Style::Green => filled(format, 0x00E2_EFDA, 0x0037_5623),
        Style::Grey => format.set_indent(1).set_font_color(Color::RGB(0x0080_8080)),
        Style::VerdictOpen => filled(format, 0x00FC_E0C5, 0x009C_0006).set_font_size(14),
        Style::VerdictClear => filled(format, 0x00E2_EFDA, 0x0037_5623).set_font_size(14),
    }
}

fn small(format: Format, style: Style) -> Format {
    format.set_indent(1).set_font_size(style.points()).set_font_color(Color::RGB(0x0059_5959))
}

/// Texts keep their distance from the line on their left; numbers keep theirs on the right, dates stand centred.
fn indented(format: Format, shape: Shape) -> Format {
    if shape == Shape::Text { format.set_indent(1) } else { format }
}

/// A cell that a rule colours.
pub(super) fn marked(style: Style) -> Format {
    let (fill, ink) = if style == Style::Red {
        RED
    } else if style == Style::Yellow {
        YELLOW
    } else {
        ORANGE
    };
    Format::new().set_background_color(Color::RGB(fill)).set_font_color(Color::RGB(ink)).set_bold()
}

/// A row that is dealt with.
pub(super) fn done() -> Format {
    Format::new().set_font_color(Color::RGB(0x0080_8080))
}

/// Every other row.
pub(super) fn band() -> Format {
    Format::new().set_background_color(Color::RGB(0x00F3_F6FB))
}
