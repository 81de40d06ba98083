//! Tables of diagnostics.

/// What is known of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The code, such as `EQL0401`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is so, and what to do; Markdown.
    pub explanation: &'static str,
}

/// Makes a constant of every code, and the table of them: `NAME = "EQL0401", "title", "explanation";`.
#[macro_export]
macro_rules! diagnostic_codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $title, ".")]
            pub const $name: &str = $code;
        )*

        /// All codes, in order.
        pub static ALL: &[$crate::front::Entry] = &[$(
            $crate::front::Entry { code: $code, title: $title, explanation: $explanation },
        )*];

        /// The entry of a code.
        pub fn find(code: &str) -> Option<&'static $crate::front::Entry> {
            ALL.iter().find(|entry| entry.code == code)
        }
    };
}
