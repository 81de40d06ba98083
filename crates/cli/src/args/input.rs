//! What commands read, and how: files of logs, the form of their records, times.
#![allow(clippy::doc_markdown, reason = "these comments are help texts, which have no markup")]

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dragnet_event::Time;
use dragnet_ingest::{Form, Options};

/// What to read, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Log files or directories; `-` is standard input
    ///
    /// EVTX, Windows event XML; NDJSON and JSON arrays of ECS documents (also a search's answer), or of Windows
    /// events as NXLog, evtx_dump, Chainsaw, EvtxECmd, Azure Monitor or Winlogbeat write them; CSV of the Event Viewer
    /// or of PowerShell's Get-WinEvent; auditd; Sysmon for Linux in syslog or journald's JSON; also inside gzip and
    /// zip. The form is told from the content. Directories are read with everything below them.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only events at or after this time (RFC 3339, UTC if it has no offset)
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<Time>,
    /// Only events before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) to: Option<Time>,
    /// Which shipper's field conventions raw Windows events get
    #[arg(long, value_enum, default_value_t = Flavor::Logs)]
    pub(crate) flavor: Flavor,
    /// Take documents as they are: do not fill in the dataset, host.os.type, event.ingested and host.id that rules test
    #[arg(long)]
    pub(crate) no_complete: bool,
    /// The form of JSON records, if they are not to be told apart by their keys; with csv, sysmon-linux and auditd, of
    /// every text
    #[arg(long, value_enum, default_value_t = InputFormat::Auto, value_name = "FORM")]
    pub(crate) input_format: InputFormat,
}

/// The form of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// Look at each record
    Auto,
    /// ECS documents, or whatever is to be taken as it is
    Documents,
    /// Flat records, as NXLog writes them
    Nxlog,
    /// The event's XML as JSON: evtx_dump, Chainsaw
    #[value(name = "evtx-json")]
    EvtxJson,
    /// EvtxECmd
    #[value(name = "evtxecmd")]
    EvtxEcmd,
    /// Azure Monitor's table SecurityEvent
    #[value(name = "security-event")]
    SecurityEvent,
    /// Winlogbeat 6
    #[value(name = "winlogbeat6")]
    Winlogbeat6,
    /// What Winlogbeat 7 and later or Elastic Agent ship, before an ingest pipeline
    Agent,
    /// CSV of the Event Viewer or of Get-WinEvent; times without a zone are taken as UTC
    Csv,
    /// Syslog that holds events of Sysmon for Linux
    #[value(name = "sysmon-linux")]
    SysmonLinux,
    /// Logs of the Linux audit daemon
    Auditd,
}

impl InputFormat {
    fn form(self) -> Option<Form> {
        Some(match self {
            InputFormat::Auto => return None,
            InputFormat::Documents => Form::Document,
            InputFormat::Nxlog => Form::Flat,
            InputFormat::EvtxJson => Form::Tree,
            InputFormat::EvtxEcmd => Form::Ecmd,
            InputFormat::SecurityEvent => Form::SecurityEvent,
            InputFormat::Winlogbeat6 => Form::Winlogbeat6,
            InputFormat::Agent => Form::Agent,
            InputFormat::Csv => Form::Csv,
            InputFormat::SysmonLinux => Form::Syslog,
            InputFormat::Auditd => Form::Audit,
        })
    }
}

impl InputArgs {
    /// How records are read.
    ///
    /// # Errors
    /// If the times cannot be meant.
    pub(crate) fn options(&self) -> anyhow::Result<Options> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            anyhow::bail!("no event is at or after {from} (--from) and before {to} (--to)");
        }
        Ok(Options {
            complete: !self.no_complete,
            form: self.input_format.form(),
            flavor: self.flavor.into(),
            ..Options::default()
        })
    }
}

/// Whose field conventions raw Windows events get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavor {
    /// Elastic Agent's `logs-*` data streams: both dataset fields are set
    Logs,
    /// Winlogbeat's own form: neither dataset fields nor host.os.type, event.created and event.ingested, so that
    /// rules which test these stay silent
    Winlogbeat,
}

impl From<Flavor> for dragnet_ecs::Flavor {
    fn from(flavor: Flavor) -> Self {
        match flavor {
            Flavor::Logs => dragnet_ecs::Flavor::Logs,
            Flavor::Winlogbeat => dragnet_ecs::Flavor::Winlogbeat,
        }
    }
}

fn parse_time(text: &str) -> Result<Time, String> {
    Time::parse(text).ok_or_else(|| "expected a time such as 2024-05-14T08:00:00Z".to_owned())
}
