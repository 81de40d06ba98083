//! Any text as KQL and as Lucene's query string: a plan or errors, never a panic; what KQL parses is printed so that
//! it is parsed again as the same.
#![no_main]

use dragnet_event::Schema;
use dragnet_kql::{Options, compile, compile_lucene, parse, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let schema = Schema::open();
    let options = Options::new(&schema);
    let (plan, _) = compile(text, &options);
    if let Some(tree) = parse(text).0 {
        let printed = print(&tree);
        assert_eq!(parse(&printed).0.as_ref(), Some(&tree), "{printed}");
        assert_eq!(compile(&printed, &options).0, plan, "{printed}");
    }
    let _ = compile_lucene(text, &options);
});
