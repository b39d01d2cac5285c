//! Barriers that axe-core finds, by the success criteria of WCAG 2.2, levels A and AA.

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

use crate::site::{Browser, left_out};

/// Where axe-core is, where it is anywhere.
fn axe() -> Option<String> {
    let file = env::var_os("TRIPARTITE_AXE").map(PathBuf::from);
    let text = file.and_then(|file| fs::read_to_string(file).ok());
    if text.is_none() {
        left_out("barriers: TRIPARTITE_AXE does not name axe.min.js of axe-core");
    }
    text
}

impl Browser {
    /// Fails, if the page has a barrier.
    pub(crate) async fn has_no_barrier(&self, page: &str) {
        let Some(axe) = axe() else { return };
        let script = format!(
            "{axe};\nconst done = arguments[arguments.length - 1];\n\
             axe.run(document, {{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}})\n\
             .then((found) => done(found.violations.map((it) => [it.id, it.nodes.map((node) => node.html + ' ' + node.failureSummary)])), \
             (error) => done(String(error)));"
        );
        let found: Value = self.client.execute_async(&script, Vec::new()).await.unwrap();
        assert_eq!(found, json!([]), "{page}");
    }
}
