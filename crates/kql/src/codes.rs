//! Every diagnostic of KQL, with its stable code.
//!
//! A code never changes its meaning and is never used again for another. The first two digits are the group: 00 the
//! text as a whole and its tokens, 01 the grammar, 04 fields and values, 05 warnings. Those of Lucene's language
//! are in [`lucene`].

pub use dragnet_plan::front::Entry;

dragnet_plan::diagnostic_codes! {
    TOO_LONG = "KQL0001", "the query is too long",
        "A query may have 1 MiB. Long lists of values belong into a value list or an indicator index.";
    TOO_DEEP = "KQL0002", "the query is nested too deeply",
        "Parentheses, braces and `not` may be nested 100 deep in all. Alternatives joined by `or` are not \
         nested; there may be any number of them.";
    UNTERMINATED_STRING = "KQL0003", "a quote without an end",
        "Text in quotes ends with a quote. Within it a quote is written `\\\"` and a backslash `\\\\`.";
    BAD_ESCAPE = "KQL0004", "a backslash that begins no escape",
        "Outside of quotes a backslash stands before one of `\\ ( ) : < > \" * { }`, before `and`, `or` and `not`, or \
         begins `\\t`, `\\r`, `\\n` or `\\uXXXX`. One that means itself is written twice.";
    BAD_UNICODE_ESCAPE = "KQL0005", "a Unicode escape that is half of a character",
        "`\\uXXXX` names one character of 16 bits. Others are written as they are.";
    TOO_LARGE = "KQL0006", "the query asks for too much",
        "Every value of every field is a test, and a value without a field is one for each field that is searched by \
         its words. A query may have 300,000 tests.";

    SYNTAX = "KQL0101", "something else is expected here",
        "The text does not follow the grammar at this place.";
    MISSING_OPERATOR = "KQL0102", "two things without `and` or `or` between them",
        "Comparisons and values are joined by `and` or `or`, a field and its values by a colon. Words without \
         quotes and without an operator between them are one value.";
    FOREIGN_OPERATOR = "KQL0103", "an operator of another language",
        "KQL has `and or not : < <= > >=`. A value that holds another operator stands in quotes.";
    UNBALANCED = "KQL0104", "a parenthesis or brace without its counterpart",
        "Every `(` and `{` has its end.";
    EMPTY_LIST = "KQL0105", "an empty list",
        "A list has at least one value. `field: *` holds if there is any.";
    DOUBLE_NOT = "KQL0106", "`not` before `not`",
        "Kibana's grammar has one `not` before a comparison or a parenthesis.";
    NOT_BEFORE_VALUE = "KQL0107", "`not` between a field and its value",
        "`not` stands before the field, or within a list: `field: (not a)`.";
    FIELD_IN_LIST = "KQL0108", "a field in a list of values",
        "A list has values of one field. Comparisons of other fields stand outside.";
    BAD_RANGE = "KQL0109", "a range without a single bound",
        "`<`, `<=`, `>` and `>=` have one value on their right, without wildcards.";

    UNKNOWN_FIELD = "KQL0401", "an unknown field",
        "The schema does not have the field.";
    FIELD_TYPE = "KQL0402", "a field of an unsupported type",
        "Geographic, range and other such fields cannot be searched. Objects of a `nested` field are searched by \
         `field: { … }`.";
    NULL_VALUE = "KQL0403", "`null` as a value",
        "A field is never null. `not field: *` holds where it is missing; the text `\"null\"` stands in quotes.";
    DATE_MATH = "KQL0404", "a date that is computed from the time of the query",
        "`now` is the time at which Kibana runs a query; events that were logged at any time have no such time. Only \
         bounds that lie in the past can be read, as no bound at all.";
    WRONG_BOUND = "KQL0405", "a bound that the field cannot have",
        "The field holds values of another type, or is searched by its words, which have no order.";

    NEVER_TRUE = "KQL0501", "a comparison that never holds",
        "The field holds values of another type, so none of them is this one.";
    WILDCARD_TYPE = "KQL0502", "a wildcard on what is not text",
        "The values' text form is compared. Elasticsearch has wildcards for text only, and an error for others.";
    SINGLE_QUOTES = "KQL0503", "a value in single quotes",
        "Single quotes are ordinary characters, and part of the value. Text stands in double quotes.";
    QUESTION_MARK = "KQL0504", "a question mark beside a star",
        "In KQL `?` is an ordinary character. Only `*` is a wildcard.";
    NO_WORDS = "KQL0505", "a value that a field of words never has",
        "The field is searched by its words, and no single word is like this. A phrase stands in quotes; a wildcard \
         can only cover one word.";
    OPEN_BOUND = "KQL0506", "a bound relative to the present",
        "How old an event is cannot be said of logs; every event counts as recent enough.";
    SPACE_IN_NAME = "KQL0507", "a field whose name has a space",
        "Without an operator between them, words are one name. Probably an `and` or `or` is missing.";
}

/// Those codes of a language that come from what queries of any language mean.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) unknown_field: &'static str,
    pub(crate) field_type: &'static str,
    pub(crate) date_math: &'static str,
    pub(crate) wrong_bound: &'static str,
    pub(crate) never_true: &'static str,
    pub(crate) wildcard_type: &'static str,
    pub(crate) no_words: &'static str,
    pub(crate) open_bound: &'static str,
    pub(crate) too_large: &'static str,
}

/// KQL's.
pub(crate) static SHARED: Shared = Shared {
    unknown_field: UNKNOWN_FIELD,
    field_type: FIELD_TYPE,
    date_math: DATE_MATH,
    wrong_bound: WRONG_BOUND,
    never_true: NEVER_TRUE,
    wildcard_type: WILDCARD_TYPE,
    no_words: NO_WORDS,
    open_bound: OPEN_BOUND,
    too_large: TOO_LARGE,
};

/// Every diagnostic of Lucene's language, in the same groups.
pub mod lucene {
    use super::Shared;

    dragnet_plan::diagnostic_codes! {
        TOO_LONG = "LUC0001", "the query is too long",
            "A query may have 1 MiB. Long lists of values belong into a value list or an indicator index.";
        TOO_DEEP = "LUC0002", "the query is nested too deeply",
            "Parentheses may be nested 100 deep.";
        TOO_LARGE = "LUC0003", "the query has too many regular expressions",
            "Each may take megabytes, so there may be 100 of them.";
        UNTERMINATED = "LUC0004", "a quote or regular expression without an end",
            "Text in quotes ends with a quote, a regular expression with a slash. Within them those are written \
             `\\\"` and `\\/`.";
        BAD_ESCAPE = "LUC0005", "a backslash without anything after it, or half of a Unicode escape",
            "A backslash makes the next character an ordinary one; `\\uXXXX` is the character of that number.";
        TOO_MUCH = "LUC0006", "the query asks for too much",
            "Every value of every field is a test, and a value without a field is one for each field that is searched \
             by its words. A query may have 300,000 tests.";

        SYNTAX = "LUC0101", "something else is expected here",
            "The text does not follow the grammar at this place.";
        UNBALANCED = "LUC0102", "a parenthesis without its counterpart",
            "Every `(` has its end.";
        FIELD_WILDCARD = "LUC0103", "a wildcard in the name of a field",
            "There it needs a backslash: `process.\\*:x`.";
        BAD_RANGE = "LUC0104", "a range that is not written as one",
            "Ranges are written `[a TO b]`, `{a TO b}` or with one bracket of each kind; `*` is no bound.";
        BAD_FUZZY = "LUC0105", "an odd number after `~` or `^`",
            "After a word, `~` takes the number of steps (0, 1 or 2); after quotes, the number of places by which words \
             may be out of line; `^` takes a weight.";
        BAD_REGEX = "LUC0106", "a regular expression that is not valid",
            "Regular expressions are Lucene's, and span the whole value or word.";

        UNKNOWN_FIELD = "LUC0401", "an unknown field",
            "The schema does not have the field.";
        FIELD_TYPE = "LUC0402", "a field of an unsupported type",
            "Nested, geographic, range and other such fields cannot be searched.";
        DATE_MATH = "LUC0403", "a date that is computed from the time of the query",
            "`now` is the time at which Elasticsearch runs a query; events that were logged at any time have no such \
             time. Only bounds that lie in the past can be read, as no bound at all.";
        WRONG_BOUND = "LUC0404", "a bound that the field cannot have",
            "The field holds values of another type, or is searched by its words, which have no order.";

        NEVER_TRUE = "LUC0501", "a comparison that never holds",
            "The field holds values of another type, so none of them is this one.";
        WILDCARD_TYPE = "LUC0502", "a pattern on what is not text",
            "The values' text form is compared. Elasticsearch has wildcards, regular expressions and nearness for \
             text only, and an error for others.";
        NO_WORDS = "LUC0503", "a value that a field of words never has",
            "The field is searched by its words, and no single word is like this. A phrase stands in quotes; a \
             wildcard can only cover one word.";
        OPEN_BOUND = "LUC0504", "a bound relative to the present",
            "How old an event is cannot be said of logs; every event counts as recent enough.";
        LOWER_CASE = "LUC0505", "an operator in lower case",
            "`AND`, `OR` and `NOT` are upper-case. In lower case they are ordinary words.";
        BOOST = "LUC0506", "a weight",
            "Weights order the results of a search. A rule has none to order.";
        SLOP = "LUC0507", "nearness of words where there are none",
            "`\"a b\"~2` works on fields that are searched by their words. On others the value must be the whole text.";
        MIXED_OPERATORS = "LUC0508", "`AND` and `OR` without parentheses",
            "They have no order of precedence: `AND` makes what stands on either side of it required, so that \
             alternatives joined by `OR` no longer matter. Parentheses say what is meant.";
    }

    /// Lucene's share.
    pub(crate) static SHARED: Shared = Shared {
        unknown_field: UNKNOWN_FIELD,
        field_type: FIELD_TYPE,
        date_math: DATE_MATH,
        wrong_bound: WRONG_BOUND,
        never_true: NEVER_TRUE,
        wildcard_type: WILDCARD_TYPE,
        no_words: NO_WORDS,
        open_bound: OPEN_BOUND,
        too_large: TOO_MUCH,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        for all in [ALL, lucene::ALL] {
            assert!(all.windows(2).all(|pair| pair[0].code < pair[1].code));
        }
        assert_eq!(find(UNKNOWN_FIELD).map(|e| e.title), Some("an unknown field"));
        assert_eq!(lucene::find("KQL0401"), None);
    }
}
