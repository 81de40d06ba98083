//! The house rules that a machine can check: sizes, and what must not be in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::steps::Findings;

/// Lines of a file: more than the first is a note, more than the second an error.
const FILE_CAPS: (usize, usize) = (500, 1000);
/// Lines of a function, from `fn` to its last brace.
const FUNCTION_CAPS: (usize, usize) = (60, 120);
/// Macros that no source may call.
const FORBIDDEN_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];
/// Where sources are.
const DIRECTORIES: &[&str] = &["crates", "xtask", "fuzz", "examples"];

/// What may be larger than its hard cap, and why: the file, the function (empty: the file itself),
/// the reason. An entry that is not needed any more is an error.
const ALLOWED: &[(&str, &str, &str)] = &[];

/// Checks every source of the workspace.
pub(crate) fn check(root: &Path) -> Findings {
    let mut tidy = Tidy { findings: Findings::default(), used: Vec::new() };
    let mut files = Vec::new();
    for directory in DIRECTORIES {
        collect(&root.join(directory), &mut files);
    }
    files.sort();
    if files.is_empty() {
        tidy.findings.errors.push(format!("there are no sources in {}", root.display()));
    }
    for file in files {
        let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        match fs::read_to_string(&file) {
            Ok(text) => tidy.file(&path, &text),
            Err(error) => tidy.findings.errors.push(format!("{path}: cannot be read: {error}")),
        }
    }
    for entry in ALLOWED.iter().filter(|entry| !tidy.used.contains(*entry)) {
        let error = format!(
            "{} {}: is allowed to be large and is not; remove it from ALLOWED",
            entry.0, entry.1
        );
        tidy.findings.errors.push(error);
    }
    tidy.findings
}

/// The `.rs` files below a directory, build output left out.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "target" && entry.file_name() != "corpus" {
                collect(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

struct Tidy {
    findings: Findings,
    /// Entries of [`ALLOWED`] that were needed.
    used: Vec<(&'static str, &'static str, &'static str)>,
}

impl Tidy {
    fn file(&mut self, path: &str, text: &str) {
        self.size(path, "", path, text.lines().count(), FILE_CAPS);
        let is_library = path.ends_with("src/lib.rs");
        if is_library && !text.trim_start().starts_with("//!") {
            self.findings
                .errors
                .push(format!("{path}: a crate begins with its documentation (`//!`)"));
        }
        let parsed = match syn::parse_file(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let line = error.span().start().line;
                return self
                    .findings
                    .errors
                    .push(format!("{path}:{line}: cannot be parsed: {error}"));
            }
        };
        let mut functions = Functions(Vec::new());
        functions.visit_file(&parsed);
        for (name, line, lines) in functions.0 {
            self.size(path, &name, &format!("{path}:{line}: `{name}`"), lines, FUNCTION_CAPS);
        }
        if let Ok(tokens) = text.parse::<TokenStream>() {
            forbidden(tokens, &mut |span, what| {
                let line = span.start().line;
                self.findings.errors.push(format!("{path}:{line}: `{what}` is not allowed"));
            });
        }
    }

    fn size(
        &mut self,
        path: &str,
        function: &str,
        shown: &str,
        lines: usize,
        caps: (usize, usize),
    ) {
        let (soft, hard) = caps;
        if lines <= soft {
            return;
        }
        let allowed = ALLOWED.iter().find(|entry| entry.0 == path && entry.1 == function);
        match allowed.filter(|_| lines > hard) {
            Some(entry) => self.used.push(*entry),
            None if lines > hard => {
                self.findings.errors.push(format!("{shown} has {lines} lines; the cap is {hard}"));
            }
            None => {
                self.findings.notes.push(format!(
                    "{shown} has {lines} lines; more than {soft} are hard to review"
                ));
            }
        }
    }
}

/// Names, first lines and numbers of lines of all functions.
struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, end: Span) {
        let first = signature.fn_token.span().start().line;
        let lines = (end.end().line + 1).saturating_sub(first);
        self.0.push((signature.ident.to_string(), first, lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, function.block.span());
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, function.block.span());
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block.span());
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

/// Finds forbidden macros and `#[ignore]`, also within the arguments of other macros. Nesting is
/// that of the sources, which the compiler bounds.
fn forbidden(tokens: TokenStream, found: &mut impl FnMut(Span, &str)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        match (token, next) {
            (TokenTree::Ident(name), Some(TokenTree::Punct(mark))) if mark.as_char() == '!' => {
                let name = name.to_string();
                // `todo != x` is a comparison.
                let compared =
                    matches!(tokens.get(at + 2), Some(TokenTree::Punct(p)) if p.as_char() == '=');
                if FORBIDDEN_MACROS.contains(&name.as_str()) && !compared {
                    found(token.span(), &format!("{name}!"));
                }
            }
            (TokenTree::Punct(mark), Some(TokenTree::Group(attribute)))
                if mark.as_char() == '#' && ignores(attribute.stream()) =>
            {
                found(token.span(), "#[ignore]");
            }
            _ => {}
        }
        if let TokenTree::Group(group) = token {
            forbidden(group.stream(), found);
        }
    }
}

/// Whether an attribute is `ignore`, or one that comes to it under a condition.
fn ignores(attribute: TokenStream) -> bool {
    let mut tokens = attribute.into_iter();
    let Some(TokenTree::Ident(name)) = tokens.next() else { return false };
    let conditional = name == "cfg_attr";
    let inner = |token: TokenTree| match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|t| t.to_string() == "ignore"),
        _ => false,
    };
    name == "ignore" || (conditional && tokens.any(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let findings = check(crate::root());
        assert!(findings.errors.is_empty(), "{}", findings.errors.join("\n"));
    }

    /// Numbers of errors and notes in one file.
    #[track_caller]
    fn check_file(path: &str, text: &str, expected: (usize, usize)) {
        let mut tidy = Tidy { findings: Findings::default(), used: Vec::new() };
        tidy.file(path, text);
        let Findings { errors, notes } = tidy.findings;
        assert_eq!((errors.len(), notes.len()), expected, "{errors:?} {notes:?}");
    }

    #[test]
    fn files_have_a_size() {
        check_file("a.rs", &"\n".repeat(500), (0, 0));
        check_file("a.rs", &"\n".repeat(501), (0, 1));
        check_file("a.rs", &"\n".repeat(1000), (0, 1));
        check_file("a.rs", &"\n".repeat(1001), (1, 0));
    }

    #[test]
    fn functions_have_a_size() {
        let body = |lines: usize| "\n".repeat(lines - 1);
        check_file("a.rs", &format!("/// Doc.\nfn f() {{{}}}", body(60)), (0, 0));
        check_file("a.rs", &format!("fn f() {{{}}}", body(61)), (0, 1));
        check_file("a.rs", &format!("impl A {{ fn f() {{{}}} }}", body(121)), (1, 0));
        check_file("a.rs", &format!("trait A {{ fn f() {{{}}} }}", body(121)), (1, 0));
        check_file("a.rs", &format!("mod m {{ fn f() {{ fn g() {{{}}} }} }}", body(121)), (2, 0));
        check_file("a.rs", "trait A { fn f(); }", (0, 0));
    }

    #[test]
    fn forbidden_things() {
        check_file("a.rs", "fn f() { todo!() }", (1, 0));
        check_file("a.rs", "fn f() { assert!(unimplemented!(\"x\")) }", (1, 0));
        check_file("a.rs", "fn f() { std::dbg!(1); }", (1, 0));
        check_file("a.rs", "#[test]\n#[ignore]\nfn f() {}", (1, 0));
        check_file("a.rs", "#[ignore = \"slow\"] fn f() {}", (1, 0));
        check_file("a.rs", "#[cfg_attr(miri, ignore)] fn f() {}", (1, 0));
        check_file(
            "a.rs",
            "fn f() { let todo = 1; if todo != 2 { g(\"todo!()\") } } // dbg!",
            (0, 0),
        );
        check_file("a.rs", "/// ```ignore\n/// ```\n#[must_use] fn ignore() {}", (0, 0));
    }

    #[test]
    fn crates_begin_with_their_documentation() {
        check_file("crates/a/src/lib.rs", "//! What it is.\n", (0, 0));
        check_file("crates/a/src/lib.rs", "mod b;\n", (1, 0));
        check_file("crates/a/src/b.rs", "mod c;\n", (0, 0));
    }

    #[test]
    fn what_cannot_be_parsed_is_named() {
        check_file("a.rs", "fn (", (1, 0));
    }
}
