//! The functions, by what they give.

use dragnet_event::{Time, Value};
use dragnet_plan::functions::{ReturnKind, SIGNATURES, find};

/// A shorter way to write values.
trait ToValue {
    fn value(self) -> Option<Value>;
}

impl ToValue for Option<Value> {
    fn value(self) -> Option<Value> {
        self
    }
}

impl ToValue for &str {
    fn value(self) -> Option<Value> {
        Some(Value::Str(self.into()))
    }
}

impl ToValue for i64 {
    fn value(self) -> Option<Value> {
        Some(Value::Long(self))
    }
}

impl ToValue for f64 {
    fn value(self) -> Option<Value> {
        Some(Value::Double(self))
    }
}

impl ToValue for bool {
    fn value(self) -> Option<Value> {
        Some(Value::Bool(self))
    }
}

const NULL: Option<Value> = None;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the callers read better")]
fn call(name: &str, args: &[Option<Value>], expected: Option<Value>) {
    let (plain, fold) = name.strip_suffix('~').map_or((name, false), |plain| (plain, true));
    let signature = find(plain).unwrap();
    let function = if fold { signature.insensitive.unwrap() } else { signature.function };
    assert_eq!(function.apply(args), expected, "{name}({args:?})");
}

/// `check!("length", "abc" => 3)`
macro_rules! check {
    ($name:literal, $($arg:expr),* => $expected:expr) => {
        call($name, &[$($arg.value()),*], $expected.value())
    };
}

#[test]
fn arithmetic() {
    check!("add", 7, 3 => 10);
    check!("add", 7, 3.5 => 10.5);
    check!("subtract", 7, -3 => 10);
    check!("subtract", -2, 4 => -6);
    check!("multiply", 7, 3.0 => 21.0);
    check!("divide", 7, 3 => 2);
    check!("divide", -7, 3 => -2);
    check!("divide", 7, 2.0 => 3.5);
    check!("modulo", 7, 3 => 1);
    check!("modulo", -7, 3 => -1);
    check!("modulo", 7.5, 2 => 1.5);
    for name in ["add", "subtract", "multiply", "divide", "modulo"] {
        call(name, &[NULL, 1.value()], NULL);
        call(name, &[1.value(), NULL], NULL);
        call(name, &["1".value(), 1.value()], NULL);
        call(name, &[1.value(), true.value()], NULL);
    }
    check!("divide", 1, 0 => NULL);
    check!("modulo", 1, 0 => NULL);
    check!("divide", 1.0, 0 => f64::INFINITY);
    check!("add", i64::MAX, 1 => NULL);
    check!("subtract", i64::MIN, 1 => NULL);
    check!("multiply", i64::MAX, 2 => NULL);
    check!("divide", i64::MIN, -1 => NULL);
    check!("modulo", i64::MIN, -1 => NULL);
    check!("add", i64::MAX, 1.0 => 9_223_372_036_854_775_807.0_f64 + 1.0);
}

#[test]
fn between() {
    let sentence = "the quick fox and the slow fox";
    check!("between", sentence, "the ", " fox" => "quick");
    check!("between", sentence, "the ", " fox", false => "quick");
    check!("between", sentence, "the ", " fox", true => "quick fox and the slow");
    check!("between", sentence, "the ", " fox", NULL => "quick");
    check!("between", sentence, "dog", "fox" => "");
    check!("between", sentence, "the", "dog" => "");
    check!("between", sentence, "slow", "the" => "");
    check!("between", sentence, "slow", "the", true => "");
    check!("between", sentence, "", "fox" => sentence);
    check!("between", sentence, "the", "" => sentence);
    check!("between", "", "a", "b" => "");
    check!("between", NULL, "a", "b" => NULL);
    check!("between", "x", NULL, "b" => NULL);
    check!("between", "x", "a", NULL => NULL);
    check!("between", "aXbXc", "X", "X" => "b");
    check!("between", "aaa", "a", "a" => "");
    check!("between", "A[x]B", "a", "b" => "");
    check!("between~", "A[x]B", "a", "b" => "[x]");
    check!("between~", "ÄxÖ", "ä", "ö" => "x");
    check!("between", r"C:\Windows\notepad.exe", r"C:\", ".exe" => r"Windows\notepad");
    // Lower case is one unit longer than `İ`: places count in the lower-case text, as in Java.
    check!("between~", "İ(ab)", "(", ")" => "b)");
    check!("between", "é(\u{1f600})", "(", ")" => "\u{1f600}");
}

#[test]
fn cidr_match() {
    check!("cidrMatch", "10.1.2.3", "10.0.0.0/8" => true);
    check!("cidrMatch", "10.1.2.3", "10.6.48.157/8" => true);
    check!("cidrMatch", "11.1.2.3", "10.0.0.0/8" => false);
    check!("cidrMatch", "11.1.2.3", "10.0.0.0/8", "11.0.0.0/16" => false);
    check!("cidrMatch", "11.0.2.3", "10.0.0.0/8", "11.0.0.0/16" => true);
    check!("cidrMatch", "2001:db8::1", "2001:db8::/32" => true);
    check!("cidrMatch", "2001:db9::1", "2001:db8::/32", "0.0.0.0/0" => false);
    check!("cidrMatch", "1.2.3.4", "1.2.3.4/32" => true);
    check!("cidrMatch", "1.2.3.4", "0.0.0.0/0" => true);
    check!("cidrMatch", "no address", "0.0.0.0/0" => false);
    check!("cidrMatch", NULL, "0.0.0.0/0" => NULL);
}

#[test]
fn concat() {
    check!("concat", "a" => "a");
    check!("concat", "a", 1, "-", 2.5, true => "a1-2.5true");
    check!("concat", "", "" => "");
    check!("concat", "a", NULL, "b" => NULL);
    check!("concat", NULL => NULL);
}

#[test]
fn starts_ends_contains() {
    check!("startsWith", "FooBar", "Foo" => true);
    check!("startsWith", "FooBar", "foo" => false);
    check!("startsWith", "FooBar", "Bar" => false);
    check!("startsWith", "FooBar", "" => true);
    check!("startsWith", "", "" => true);
    check!("startsWith~", "FooBar", "foo" => true);
    check!("startsWith~", "ÉÀ", "é" => true);
    check!("endsWith", "FooBar", "Bar" => true);
    check!("endsWith", "FooBar", "bar" => false);
    check!("endsWith", "FooBar", "Foo" => false);
    check!("endsWith", "FooBar", "" => true);
    check!("endsWith~", "FooBar", "bar" => true);
    check!("stringContains", "FooBar", "oBa" => true);
    check!("stringContains", "FooBar", "oba" => false);
    check!("stringContains", "FooBar", "" => false);
    check!("stringContains", "", "" => false);
    check!("stringContains", "", "x" => false);
    check!("stringContains~", "process.exe REGSVR32", "regsvr32" => true);
    check!("stringContains~", "x", "" => false);
    for name in
        ["startsWith", "startsWith~", "endsWith", "endsWith~", "stringContains", "stringContains~"]
    {
        call(name, &[NULL, "a".value()], NULL);
        call(name, &["a".value(), NULL], NULL);
        call(name, &[NULL, NULL], NULL);
    }
    // A number where a mapping would have made it text.
    check!("startsWith", 4624, "46" => true);
}

#[test]
fn index_of() {
    check!("indexOf", "subdomain.example", "." => 9);
    check!("indexOf", "abcabc", "c" => 2);
    check!("indexOf", "abcabc", "c", 2 => 2);
    check!("indexOf", "abcabc", "c", 3 => 5);
    check!("indexOf", "abcabc", "c", 6 => NULL);
    check!("indexOf", "abcabc", "x" => NULL);
    check!("indexOf", "abcabc", "a", -5 => 0);
    check!("indexOf", "abcabc", "a", 100 => NULL);
    check!("indexOf", "abcabc", "a", NULL => 0);
    check!("indexOf", "abc", "" => 0);
    check!("indexOf", "abc", "", 2 => 2);
    check!("indexOf", "abc", "", 3 => 3);
    check!("indexOf", "abc", "", 100 => NULL);
    check!("indexOf", "abcD", "d" => NULL);
    check!("indexOf~", "abcD", "d" => 3);
    check!("indexOf~", "abcd", "D" => 3);
    check!("indexOf", NULL, "a" => NULL);
    check!("indexOf", "a", NULL => NULL);
    check!("indexOf", "a", "a", i64::MAX => NULL);
    // UTF-16 code units.
    check!("indexOf", "é\u{1f600}x", "x" => 3);
    check!("indexOf", "é\u{1f600}x", "x", 2 => 3);
    check!("indexOf", "\u{1f600}\u{1f600}", "\u{1f600}", 1 => 2);
}

#[test]
fn length() {
    check!("length", "" => 0);
    check!("length", "abc" => 3);
    check!("length", "é" => 1);
    check!("length", "\u{1f600}" => 2);
    check!("length", NULL => NULL);
}

#[test]
fn number() {
    check!("number", "42" => 42);
    check!("number", "-42" => -42);
    check!("number", "+42" => 42);
    check!("number", "007" => 7);
    check!("number", "4.5" => 4.5);
    check!("number", "-4.5", 10 => -4.5);
    check!("number", "1e3" => 1000.0);
    check!("number", " 42 " => 42.0);
    check!("number", "0xff" => 255);
    check!("number", "0xff", 16 => 255);
    check!("number", "ff", 16 => 255);
    check!("number", "0xff", 10 => NULL);
    check!("number", "0755", 8 => 493);
    check!("number", "0755", NULL => 755);
    check!("number", "0x10", NULL => 16);
    check!("number", "zz", 36 => 1295);
    check!("number", "-101", 2 => -5);
    check!("number", "2", 2 => NULL);
    check!("number", "4.5", 16 => NULL);
    check!("number", "1", 1 => NULL);
    check!("number", "1", 37 => NULL);
    check!("number", "1", -10 => NULL);
    check!("number", "abc" => NULL);
    check!("number", "" => NULL);
    check!("number", "nan" => NULL);
    check!("number", "inf" => NULL);
    check!("number", "-Infinity" => f64::NEG_INFINITY);
    check!("number", "9223372036854775808" => 9_223_372_036_854_775_808.0);
    check!("number", NULL => NULL);
    check!("number", NULL, 16 => NULL);
}

#[test]
fn string() {
    check!("string", 42 => "42");
    check!("string", 42.5 => "42.5");
    check!("string", 3.0 => "3.0");
    check!("string", true => "true");
    check!("string", "x" => "x");
    check!("string", NULL => NULL);
    check!("string", Some(Value::Date(Time(0))) => "1970-01-01T00:00:00.000Z");
}

#[test]
fn substring() {
    check!("substring", "start regsvr32.exe", 6 => "regsvr32.exe");
    check!("substring", "start regsvr32.exe", 0, 5 => "start");
    check!("substring", "start regsvr32.exe", 6, 14 => "regsvr32");
    check!("substring", "start regsvr32.exe", -4 => ".exe");
    check!("substring", "start regsvr32.exe", -4, -1 => ".ex");
    check!("substring", "abc", 0, 100 => "abc");
    check!("substring", "abc", -100, 2 => "ab");
    check!("substring", "abc", 2, 1 => "");
    check!("substring", "abc", 3 => "");
    check!("substring", "abc", 100 => "");
    check!("substring", "abc", 0, -100 => "");
    check!("substring", "abc", 1, 1 => "");
    check!("substring", "", 0, 5 => "");
    check!("substring", "abc", 1, NULL => "bc");
    check!("substring", "abc", NULL, 1 => "abc");
    check!("substring", "abc", NULL => "abc");
    check!("substring", NULL, 0 => NULL);
    check!("substring", "abc", i64::MIN, i64::MAX => "abc");
    // UTF-16 code units; half a character cannot be kept.
    check!("substring", "é\u{1f600}x", 1, 3 => "\u{1f600}");
    check!("substring", "é\u{1f600}x", 2 => "\u{fffd}x");
}

#[test]
fn whatever_the_arguments_nothing_panics() {
    let values = [
        NULL,
        "".value(),
        "aé\u{1f600}İ".value(),
        "0x".value(),
        i64::MIN.value(),
        i64::MAX.value(),
        f64::NAN.value(),
        f64::INFINITY.value(),
        true.value(),
        Some(Value::Date(Time(i64::MAX))),
    ];
    for signature in SIGNATURES {
        for function in [Some(signature.function), signature.insensitive].into_iter().flatten() {
            function.apply(&[]);
            for a in &values {
                function.apply(std::slice::from_ref(a));
                for b in &values {
                    function.apply(&[a.clone(), b.clone()]);
                    for c in &values {
                        for d in &values {
                            let args = [a.clone(), b.clone(), c.clone(), d.clone()];
                            let result = function.apply(&args);
                            let fits = match (&result, signature.returns) {
                                (None, _) => true,
                                (Some(Value::Str(_)), kind) => kind == ReturnKind::Text,
                                (Some(Value::Bool(_)), kind) => kind == ReturnKind::Boolean,
                                (Some(_), kind) => kind == ReturnKind::Number,
                            };
                            assert!(fits, "{}({args:?}) is {result:?}", signature.name);
                        }
                    }
                }
            }
        }
    }
}
