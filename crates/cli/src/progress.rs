//! The progress bar, on standard error, if that is a terminal.

use std::time::Duration;

use dragnet_ingest::Source;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::style::clean;

/// How far a scan is.
pub(crate) struct Progress {
    bar: ProgressBar,
    names: Vec<String>,
}

impl Progress {
    /// A bar over all sources; invisible unless `visible` and standard error is a terminal.
    pub(crate) fn new(sources: &[Source], visible: bool) -> Progress {
        let total = sources.iter().filter_map(Source::bytes).sum();
        let target = if visible {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = "{bar:24} {percent:>3}%  {bytes}/{total_bytes}  {msg}";
        // The template is a constant; a bar in the default style is as good as a panic is bad.
        bar.set_style(
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸ "),
        );
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Progress { bar, names: sources.iter().map(|s| s.path().to_owned()).collect() }
    }

    /// A block of a source has been read; so many bytes and events in all.
    pub(crate) fn advance(&self, source: usize, bytes: u64, events: u64) {
        self.bar.set_position(bytes);
        let name = self
            .names
            .get(source)
            .map_or("", |name| name.rsplit(['/', '\\']).next().unwrap_or(name));
        self.bar.set_message(format!("{events} events  {}", clean(name)));
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
