//! Every diagnostic that this crate gives, with its stable code.
//!
//! A code never changes its meaning and is never used again for another. The first two digits are
//! the group: 00 the text as a whole and its tokens, 01 the grammar, 02 sequences and samples,
//! 03 pipes, 04 fields and types, 05 warnings.

pub use dragnet_plan::front::Entry;

dragnet_plan::diagnostic_codes! {
    TOO_LONG = "EQL0001", "the query is too long",
        "A query may have 1 MiB. Long lists of values belong into a value list or an indicator index.";
    NOT_UTF8 = "EQL0002", "the query is not UTF-8",
        "Queries are UTF-8 text. The file was probably saved in another encoding.";
    TOO_DEEP = "EQL0003", "the query is nested too deeply",
        "Parentheses, `not`, signs and chains of arithmetic may be nested 100 deep in all. \
         Alternatives joined by `or` are not nested; there may be any number of them.";
    TOO_LARGE = "EQL0004", "the query is too large when written out",
        "A term `with runs=n` stands for n terms. Written out, a sequence may have 1,000 terms and \
         a million constants.";
    UNEXPECTED_CHARACTER = "EQL0005", "a character that has no meaning here",
        "Outside of strings and comments a query is made of ASCII letters, digits and operators. \
         Word processors put in typographic quotes and no-break spaces, which look right and are not.";
    UNTERMINATED_STRING = "EQL0006", "a string without an end",
        "A string ends on the line on which it begins: `\"…\"` with escapes or `\"\"\"…\"\"\"` without.";
    UNTERMINATED_COMMENT = "EQL0007", "a comment without an end",
        "A comment `/* … */` may hold other such comments, and each needs its own end.";
    BACKTICKS = "EQL0008", "a name in backticks that is empty or has no end",
        "Backticks enclose names of fields with unusual characters. A backtick within is written twice.";
    SINGLE_QUOTES = "EQL0009", "text in single quotes",
        "Text stands in double quotes.";
    OLD_RAW_STRING = "EQL0010", "text in `?\"…\"`",
        "Older forms of EQL wrote unescaped text as `?\"…\"`. Now it is `\"\"\"…\"\"\"`.";
    BAD_ESCAPE = "EQL0011", "an unknown escape in a string",
        "The escapes are `\\n \\r \\t \\b \\f \\\\ \\\" \\' \\uXXXX` and `\\u{XX…}`. A backslash that means itself is \
         written twice, or the text is written `\"\"\"…\"\"\"`.";
    BAD_UNICODE_ESCAPE = "EQL0012", "a Unicode escape that names no character",
        "`\\u` takes four hexadecimal digits, or two to eight in braces. The number must be that of a \
         character: not zero, not above 10FFFF, not a surrogate (D800 to DFFF).";
    NUMBER_RANGE = "EQL0013", "a number that is too large",
        "Whole numbers have 64 bits with sign, others are doubles.";

    SYNTAX = "EQL0101", "something else is expected here",
        "The text does not follow the grammar at this place.";
    EMPTY_QUERY = "EQL0102", "the query is empty",
        "A query is at least `any where true`.";
    NO_CATEGORY = "EQL0103", "the query does not begin with a category",
        "A query begins with the category of its events: `process where …`, or `any where …` for all.";
    BAD_CATEGORY = "EQL0104", "a category that must be quoted, or cannot be one",
        "A category is a plain name. One with other characters, one that begins with a digit and one \
         that is a keyword stand in double quotes. A category cannot be optional.";
    EQUALS_SIGN = "EQL0105", "`=` for equality",
        "Equality is `==`. A single `=` stands only in `maxspan=…` and `runs=…`.";
    KEYWORD_CASE = "EQL0106", "a keyword in capital letters",
        "Keywords are lower-case: `and`, `or`, `not`, `where`, `in` and so on.";
    KEYWORD_NAME = "EQL0107", "a keyword as a name",
        "A field whose name, or a part of it, is a keyword needs backticks.";
    CHAINED_COMPARISON = "EQL0108", "comparisons in a row",
        "A comparison has two sides. `a < b and b <= c` says that b lies between.";
    ARRAY_INDEX = "EQL0109", "an array index",
        "A test of a field with several values holds if it holds for any of them; single ones \
         cannot be picked.";
    PROCESS_RELATIONSHIP = "EQL0110", "`child of`, `descendant of`, `event of`",
        "Process relationships of Endgame's EQL do not exist here. A sequence by entity id can often \
         say the same.";
    FOREIGN_OPERATOR = "EQL0111", "an operator of another language",
        "EQL has `and or not == != < <= > >= : in like regex`. `!x`, `&&`, `||`, `===`, `<>` and \
         `is null` are written `not x`, `and`, `or`, `==`, `!=` and `== null`.";
    PATTERN_CONSTANT = "EQL0112", "a pattern that is not a constant",
        "Right of `:`, `like` and `regex` stands one constant, or several in parentheses.";
    NOT_BEFORE_OPERATOR = "EQL0113", "`not` before `:`, `like` or `regex`",
        "Only `in` takes a `not` before it. Elsewhere it stands before the whole test: \
         `not field like \"x\"`.";
    METHOD_CALL = "EQL0114", "a function called as a method",
        "Endgame's EQL knew `field:length()`. Here it is `length(field)`.";
    EMPTY_LIST = "EQL0115", "an empty list",
        "A list holds at least one value.";
    DIGIT_NAME = "EQL0116", "a part of a name that begins with a digit",
        "Such parts need backticks.";
    NOT_POSITION = "EQL0117", "`not` inside of a comparison",
        "`not` binds more loosely than comparisons and arithmetic, so within them it needs parentheses.";

    BY_AFTER_WITH = "EQL0201", "`by` after `with`",
        "The keys come first: `sequence by user.id with maxspan=1m`.";
    MAXSPAN_UNIT = "EQL0202", "`maxspan` without a unit",
        "A span is a whole number and a unit: `ms`, `s`, `m`, `h` or `d`.";
    UNKNOWN_UNIT = "EQL0203", "an unknown unit of time",
        "The units are `ms`, `s`, `m`, `h` and `d`.";
    BAD_MAXSPAN = "EQL0204", "a `maxspan` that is no positive whole number",
        "A span is at least one, without a fraction, and no more than about 290,000 years.";
    TOO_FEW_TERMS = "EQL0205", "a sequence or sample of one term",
        "A sequence or sample combines at least two events. `with runs=2` counts as two.";
    UNKNOWN_OPTION = "EQL0206", "an unknown option after `with`",
        "A sequence takes `with maxspan=…`, a term takes `with runs=…`.";
    BAD_RUNS = "EQL0207", "`runs` out of range",
        "`runs` is a whole number from 1 to 100.";
    KEY_COUNT = "EQL0208", "terms with differing numbers of keys",
        "All terms, and `until`, are joined by the same number of keys.";
    BAD_KEY = "EQL0209", "a key that is not a field",
        "Keys are fields. Values cannot be computed for them.";
    FORK = "EQL0210", "`fork`",
        "`fork` of Endgame's EQL does not exist here.";
    JOIN = "EQL0211", "`join`",
        "`join` of Endgame's EQL does not exist here. `sample` combines events in any order.";
    MISSING_NEEDS_MAXSPAN = "EQL0212", "a missing event in a sequence without `maxspan`",
        "That an event is missing can only be said of a limited time.";
    NO_POSITIVE_TERM = "EQL0213", "a sequence of missing events only",
        "At least one event must be there, so that there is something to find.";
    SAMPLE_NEEDS_KEY = "EQL0214", "a sample without a key",
        "A sample combines events that share a value: `sample by host.name […] […]`.";
    NOT_IN_SAMPLE = "EQL0215", "a part of a sequence in a sample",
        "A sample has no order: no `maxspan`, `runs`, `until` or missing events.";
    SAMPLE_TERMS = "EQL0216", "a sample of too many terms",
        "A sample has two to five terms.";
    BAD_UNTIL = "EQL0217", "an `until` that is missing or repeated",
        "`until` is one plain term.";

    UNKNOWN_PIPE = "EQL0301", "an unknown pipe",
        "The pipes are `head` and `tail`.";
    UNSUPPORTED_PIPE = "EQL0302", "a pipe that is not supported",
        "`count`, `filter`, `sort`, `unique` and `unique_count` of Endgame's EQL do not exist here, as in \
         Elasticsearch.";
    PIPE_ARGUMENT = "EQL0303", "a pipe without its number",
        "`head` and `tail` take one positive whole number; it may be computed of constants.";

    UNKNOWN_FIELD = "EQL0401", "an unknown field",
        "The schema does not have the field. `?field` would make it optional: then it counts as null.";
    FIELD_TYPE = "EQL0402", "a field of an unsupported type",
        "Text without a keyword sub-field, nested, range, geographic and other such fields cannot be \
         searched. Often there is a sub-field that can.";
    NOT_BOOLEAN = "EQL0403", "a condition that is neither true nor false",
        "`where`, `and`, `or` and `not` take comparisons, boolean fields and functions that tell true or false.";
    UNKNOWN_FUNCTION = "EQL0404", "an unknown function",
        "There is no function of this name.";
    NO_INSENSITIVE_FORM = "EQL0405", "a function that has no `~` form",
        "`~` makes a function ignore case. Only those that compare text have it.";
    ARGUMENT_COUNT = "EQL0406", "the wrong number of arguments",
        "The function takes another number of arguments.";
    ARGUMENT_TYPE = "EQL0407", "an argument of the wrong type",
        "The function cannot use a value of this type here.";
    BAD_NETWORK = "EQL0408", "text that is no block of addresses",
        "Blocks are written `10.0.0.0/8` or `fe80::/10`, in text constants.";
    FIELD_COMPARISON = "EQL0409", "a comparison without a constant",
        "One side of a comparison is a constant. Elasticsearch cannot compare one field with another.";
    NOT_TEXT = "EQL0410", "a text operator on something else",
        "`:`, `like` and `regex` work on text. Numbers, dates and addresses are compared by `==`, `<` and \
         so on, addresses by `cidrMatch` too.";
    PATTERN_NOT_TEXT = "EQL0411", "a pattern that is not text",
        "Patterns are text in double quotes.";
    LIST_TYPE = "EQL0412", "a value in a list that does not suit the field",
        "All values of an `in` list are of the field's type.";
    NOT_NUMBER = "EQL0413", "arithmetic on something that is not a number",
        "`+ - * / %` and the signs work on numbers.";
    BAD_REGEX = "EQL0414", "an invalid regular expression",
        "On fields the syntax is Lucene's, on the results of functions Java's.";
    DIVISION_BY_ZERO = "EQL0415", "a division by zero",
        "The divisor is zero whatever the event, so that there is no result.";
    KEY_TYPES = "EQL0416", "keys of different types",
        "Keys that are joined must hold comparable values, or they never meet.";
    NO_CATEGORY_FIELD = "EQL0417", "a schema without a category field",
        "The category is compared with a field, by default `event.category`. The schema lacks it, so \
         only `any` can be written.";

    NEVER_TRUE = "EQL0501", "a comparison that is never true",
        "The constant cannot be a value of the field.";
    WILDCARD_IN_EQUALITY = "EQL0502", "a `*` in an exact comparison",
        "`==`, `!=` and `in` compare exactly, where `*` is an ordinary character. Wildcards work in `:`, \
         `like` and `like~`.";
    TEXT_OF_OTHER_TYPE = "EQL0503", "a text operator on what is probably not text",
        "The value's text form is used. Elasticsearch rejects this if its mapping says that the field is \
         not text.";
    REGEX_ANCHOR = "EQL0504", "an anchor in a regular expression",
        "An expression on a field always spans the whole value, and `^` and `$` are ordinary characters \
         there. Without them, and with `.*` where anything may stand, it does what is meant.";
    KEYWORD_LIKE_FIELD = "EQL0505", "a field whose name looks like a constant",
        "`true`, `false` and `null` are lower-case. In other case they name fields.";
    MIXED_LIST = "EQL0506", "a list of values of different types",
        "A field has one type, so a part of such a list is in vain. Elasticsearch rejects it.";
    ANY_CASE = "EQL0507", "a category that looks like `any`",
        "`any` is lower-case. In other case it names a category. Quote it if that is meant.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(find(UNKNOWN_FIELD).map(|e| e.title), Some("an unknown field"));
        assert_eq!(find("EQL9999"), None);
    }
}
