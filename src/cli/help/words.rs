//! The words of the help: Japanese for each command and argument, examples in both languages.

/// A command's path and what it does.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("", "突合: GMO-PG のカード決済と JTB BÓKUN の予約を照合し、ショップごとに Excel の突合レポートを 1 冊作成します"),
    ("demo", "見本の加盟店を DIR に作り、実行します"),
    ("init", "説明付きの設定ファイル、予定、フォルダーを作ります"),
    ("run", "inbox のファイルを取り込み、突合レポートを作成します"),
    ("ingest", "レポートを作らずに、ファイルだけを取り込みます"),
    ("daemon", "停止するまで、予定に従って処理を続けます"),
    ("status", "最後の成功、次回の予定、保留、未送信を表示します"),
    ("clean", "[retention] の日数を過ぎ、履歴に記録済みのファイルを削除します（設定しないかぎり何もしません）"),
    ("show", "予約番号またはオーダーIDについて、取引・履歴・予約・要確認・期限・出典を表示します"),
    ("findings", "要確認の一覧と、メモ・対応済・未対応の記入"),
    ("findings list", "要確認を一覧します"),
    ("findings note", "要確認のメモを書き換えます"),
    ("findings resolve", "要確認を対応済にします。原因が残っている間はレポートに載り続けます"),
    ("findings reopen", "要確認を未対応に戻します"),
    ("held", "保留ファイルの一覧、再確認、破棄"),
    ("held list", "保留ファイルを理由とともに一覧します"),
    ("held release", "保留ファイルを inbox に戻し、同じ確認をもう一度行います"),
    ("held discard", "保留ファイルを取り込まないことにします（held/discarded に残ります）"),
    ("mail", "メールの一覧、再送、送信テスト"),
    ("mail list", "メールを状態とともに一覧します"),
    ("mail resend", "メールを再送します（同一の内容で、履歴に再送と記録します）"),
    ("mail settle", "拒否または到達不明のメールについて、結果を確認したことを記録します（以後の警告を止めます）"),
    ("mail send-test", "金額を含まない送信テストのメールを送ります"),
    ("history", "過去の処理を、期間・版・件数・検算・メールとともに一覧します"),
    ("backup", "履歴の複製を新しいファイル FILE に作り、内容を確認します（ほかの処理中でもかまいません）"),
    ("restore", "複製 FILE を履歴と入れ替えます。以前の履歴は残ります"),
    ("check", "設定・レイアウト・テンプレート・予定・フォルダー・メールサーバー・GMO管理画面の設定値を確認します"),
    ("completions", "シェルの補完スクリプトを出力します"),
    ("man", "プログラム全体、または 1 つのコマンドのマニュアルページを出力します"),
];

/// What an argument means wherever it stands.
pub(super) const ARGUMENTS: &[(&str, &str)] = &[
    ("config", "設定ファイル（既定: TOTSUGO_CONFIG、なければ現在のフォルダーの totsugo.toml）"),
    ("folder", "作成先のフォルダー"),
    ("json", "結果を 1 つの JSON として標準出力に出します"),
    ("from", "期間の初日（YYYY-MM-DD、当日を含む）"),
    ("to", "期間の末日（YYYY-MM-DD、当日を含む）"),
    ("period", "yesterday、last-7-days、month-to-date、previous-month または YYYY-MM"),
    ("shop", "このショップだけ"),
    ("as_of", "基準日: 経過日数と期限を数える日（既定: 日本の今日）"),
    ("dry_run", "何も変更せず、行う内容だけを表示します"),
    ("reissue", "数字が変わっていなくても次の版を作ります"),
    ("no_mail", "レポートだけを作り、メールは作りません"),
    ("accept_clock", "記録より前の時刻でも、時計が正しいものとして続けます"),
    ("fail_on_findings", "要確認が残っていれば終了コード 1 にします"),
    ("max_age", "最後の成功がこれより古ければ終了コード 1（例: 26h、90m、2d）"),
    ("paths", "ファイルまたはフォルダー（省略すると inbox の中身）"),
    ("key", "予約番号（接頭辞はなくてもよい）またはオーダーID"),
    ("id", "所見ID（F-XXXXXXXX）"),
    ("text", "メモ。\"\" で消します"),
    ("reason", "理由（操作の記録に残ります）"),
    ("name", "held フォルダーでの名前"),
    ("address", "宛先（mail.allowed_domains の範囲内）"),
    ("acts", "処理の代わりに、人が行った操作をユーザーと理由とともに一覧します"),
    ("verify", "復元した履歴のすべての記録を照合します"),
    ("shell", "シェルの種類"),
    ("language", "設定ファイルの言語。レポート・メール・画面もこの言語になります"),
    ("words", "コマンドの名前（例: mail resend）"),
];

/// What an argument means in one command only.
pub(super) const OWN: &[(&str, &str)] = &[
    ("run shop", "このショップだけ（繰り返し指定できます）"),
    ("mail resend id", "mail list に表示される番号"),
    ("mail settle id", "mail list に表示される番号"),
    ("mail settle reason", "確認した内容（記録に残ります）"),
    ("backup file", "書き出し先（既存のファイルは上書きしません）"),
    ("restore file", "backup で作成したファイル。入れ替える前に確認します"),
    ("check file", "このファイルがどのように読まれるかだけを表示し、取り込みません"),
];

/// Below the list of commands.
pub(super) const EXIT_CODES: &str = "終了コード: 0 正常 · 1 終了したが確認が必要 · 2 使い方または設定の誤り（何も処理されていない） · 3 失敗 · \
     4 別の処理が実行中";

/// A command line, why one would type it in Japanese, and in English.
pub(super) type Example = (&'static str, &'static str, &'static str);

/// A command's path and its examples.
pub(super) const EXAMPLES: &[(&str, &[Example])] = &[
    ("demo", &[("totsugo demo sample", "サーバーも設定もなしに試す", "try it without server or configuration")]),
    (
        "init",
        &[
            ("totsugo init merchant", "新しい導入の準備をする", "prepare a new installation"),
            (
                "totsugo init merchant --language en",
                "英語のレポートとメールにする",
                "with reports and mails in English",
            ),
        ],
    ),
    (
        "run",
        &[
            ("totsugo run", "今月の 1 日から昨日まで", "this month up to yesterday"),
            ("totsugo run --period previous-month --no-mail", "先月分を、メールなしで", "last month, without mail"),
            (
                "totsugo run --from 2026-11-01 --to 2026-11-15 --as-of 2026-11-16 --dry-run",
                "何も変更せずに、行う内容を見る",
                "see what would happen, and change nothing",
            ),
            ("totsugo run --json > run.json", "結果をほかのプログラムに渡す", "hand the result to another program"),
        ],
    ),
    (
        "ingest",
        &[
            ("totsugo ingest", "inbox の中身を取り込む", "take in what lies in the inbox"),
            ("totsugo ingest archive", "失った履歴を原本から作り直す", "rebuild a lost history from the originals"),
        ],
    ),
    ("daemon", &[("totsugo --config /etc/totsugo/totsugo.toml daemon", "サービスとして動かす", "run it as a service")]),
    (
        "status",
        &[
            ("totsugo status", "いまの状況を見る", "see how things stand"),
            ("totsugo status --max-age 26h --json", "監視から呼ぶ", "for a monitor"),
        ],
    ),
    (
        "clean",
        &[
            ("totsugo clean --dry-run", "削除されるものを確かめる", "see what would be removed"),
            ("totsugo clean", "削除する", "remove it"),
        ],
    ),
    (
        "show",
        &[
            ("totsugo show MZ1102481", "予約番号で調べる", "look up a booking number"),
            ("totsugo show 1102481 --json", "接頭辞なし、JSON で", "without its prefix, as JSON"),
        ],
    ),
    (
        "findings",
        &[
            ("totsugo findings", "残っている要確認を一覧する", "list what is open"),
            ("totsugo findings note F-1A2B3C4D 確認中", "メモを書く", "write a memo"),
            ("totsugo findings resolve F-1A2B3C4D --reason 返金済", "対応済にする", "mark it as done"),
            ("totsugo findings reopen F-1A2B3C4D", "未対応に戻す", "mark it as not done"),
        ],
    ),
    ("findings list", &[("totsugo findings list --json", "JSON で受け取る", "as JSON")]),
    (
        "findings note",
        &[
            ("totsugo findings note F-1A2B3C4D 確認中", "メモを書く", "write a memo"),
            ("totsugo findings note F-1A2B3C4D \"\"", "メモを消す", "take the memo away"),
        ],
    ),
    (
        "held",
        &[
            ("totsugo held", "保留ファイルと理由を見る", "see the held files and why"),
            ("totsugo held release nov.csv", "設定を直してから、もう一度確認する", "send it through the checks again"),
            (
                "totsugo held discard old.csv --reason 対象外のショップ",
                "取り込まないことにする",
                "set it aside for good",
            ),
        ],
    ),
    ("held list", &[("totsugo held list --json", "JSON で受け取る", "as JSON")]),
    (
        "mail",
        &[
            ("totsugo mail", "だれに、いつ届いたかを見る", "see who got what and when"),
            ("totsugo mail resend 12 --reason 先方で削除", "12 番を再送する", "send number 12 again"),
            ("totsugo mail settle 12 --reason 電話で確認済", "届いていたことを記録する", "note that it did arrive"),
            ("totsugo mail send-test keiri@example.co.jp", "メールが届くか試す", "see whether mail arrives"),
        ],
    ),
    ("mail list", &[("totsugo mail list --json", "JSON で受け取る", "as JSON")]),
    (
        "history",
        &[
            ("totsugo history --shop 9200000000001", "1 ショップの処理を見る", "the runs of one shop"),
            ("totsugo history --acts", "だれが何をしたかを見る", "who did what, and why"),
        ],
    ),
    ("backup", &[("totsugo backup totsugo-backup.db", "履歴の複製を作る", "copy the history")]),
    ("restore", &[("totsugo restore totsugo-backup.db --verify", "複製から戻す", "go back to a copy")]),
    (
        "check",
        &[
            ("totsugo check", "設定をまとめて確かめる", "look at everything that can be checked"),
            ("totsugo check --file nov.csv", "取り込まずに、読まれ方を見る", "see how a file would be read"),
        ],
    ),
    (
        "completions",
        &[("totsugo completions bash > totsugo.bash", "bash の補完を作る", "make the completions for bash")],
    ),
    (
        "man",
        &[
            ("totsugo man > totsugo.1", "マニュアルページを作る", "make the manual page"),
            ("totsugo man mail resend", "1 つのコマンドのページを見る", "the page of one command"),
        ],
    ),
];
