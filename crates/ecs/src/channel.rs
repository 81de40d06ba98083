//! Stage 2: which channel's events go through which pipeline, and what their dataset is called.

use dragnet_event::{FieldSink, Time};

use crate::out::Out;
use crate::parts::{self, Direct, OfDatum};
use crate::time_text::{self, TimeText};
use crate::win_event::WinEvent;
use crate::{Flavor, agent, applocker, defender, powershell, security, sysmon};

/// A pipeline: everything but the fields that [`dataset`] sets.
type Pipeline = fn(&WinEvent<'_>, Flavor, &mut Out<'_>);

/// What is known of a channel.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The channel's name; compared without case.
    name: &'static str,
    /// A provider whose events are this channel's also when they come in a channel of no dataset
    /// of its own, as collectors' channels are; empty for none.
    provider: &'static str,
    /// `data_stream.dataset`.
    dataset: &'static str,
    /// What makes ECS of the agent's form.
    pipeline: Pipeline,
    /// Which data the pipeline looks at together.
    pub(crate) parts: OfDatum,
    /// Data that become one field each.
    pub(crate) direct: &'static [Direct],
}

/// One line for each channel that has a dataset. A pipeline of its own goes into a file of its
/// own; `generic` keeps the agent's form.
#[rustfmt::skip]
static CHANNELS: &[Channel] = &[
    Channel { name: "Microsoft-Windows-Sysmon/Operational", provider: "Microsoft-Windows-Sysmon", dataset: "windows.sysmon_operational", pipeline: sysmon::pipeline, parts: sysmon::part, direct: sysmon::DIRECT },
    Channel { name: sysmon::LINUX_CHANNEL, provider: sysmon::LINUX_PROVIDER, dataset: sysmon::LINUX_DATASET, pipeline: sysmon::linux, parts: parts::together, direct: &[] },
    Channel { name: "Security", provider: "Microsoft-Windows-Security-Auditing", dataset: "system.security", pipeline: security::pipeline, parts: security::part, direct: &[] },
    Channel { name: "System", provider: "", dataset: "system.system", pipeline: generic, parts: parts::kept, direct: &[] },
    Channel { name: "Application", provider: "", dataset: "system.application", pipeline: generic, parts: parts::kept, direct: &[] },
    Channel { name: "Windows PowerShell", provider: "PowerShell", dataset: "windows.powershell", pipeline: powershell::classic, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-PowerShell/Operational", provider: "Microsoft-Windows-PowerShell", dataset: "windows.powershell_operational", pipeline: powershell::operational, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-Windows Defender/Operational", provider: "", dataset: "windows.windows_defender", pipeline: defender::pipeline, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-AppLocker/EXE and DLL", provider: "", dataset: "windows.applocker_exe_and_dll", pipeline: applocker::files, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-AppLocker/MSI and Script", provider: "", dataset: "windows.applocker_msi_and_script", pipeline: applocker::files, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-AppLocker/Packaged app-Deployment", provider: "", dataset: "windows.applocker_packaged_app_deployment", pipeline: applocker::packages, parts: parts::together, direct: &[] },
    Channel { name: "Microsoft-Windows-AppLocker/Packaged app-Execution", provider: "", dataset: "windows.applocker_packaged_app_execution", pipeline: applocker::packages, parts: parts::together, direct: &[] },
    Channel { name: FORWARDED, provider: "", dataset: "windows.forwarded", pipeline: generic, parts: parts::kept, direct: &[] },
];

/// The channel of collected events: it keeps its dataset, but the pipeline is the provider's.
const FORWARDED: &str = "ForwardedEvents";

/// Events of all other channels: what Elastic's custom event log integration makes of them.
static OTHER: Channel = Channel {
    name: "",
    provider: "",
    dataset: "winlog.winlog",
    pipeline: generic,
    parts: parts::kept,
    direct: &[],
};

pub(crate) fn normalize(event: &WinEvent<'_>, flavor: Flavor, sink: &mut dyn FieldSink) {
    let provider = event.provider_name.as_deref();
    let mut out = Out::new(sink);
    if flavor == Flavor::Logs {
        dataset_fields(find(&event.channel, provider).dataset, &mut out);
    }
    (pipeline_of(&event.channel, provider).pipeline)(event, flavor, &mut out);
}

/// The channel whose pipeline events go through.
pub(crate) fn pipeline_of(name: &str, provider: Option<&str>) -> &'static Channel {
    let channel = find(name, provider);
    match channel.name {
        FORWARDED => by_provider(provider).unwrap_or(channel),
        _ => channel,
    }
}

/// The dataset of a channel's events.
pub(crate) fn dataset(channel: &str, provider: &str) -> &'static str {
    find(channel, Some(provider)).dataset
}

fn find(name: &str, provider: Option<&str>) -> &'static Channel {
    let named = CHANNELS.iter().find(|c| c.name.eq_ignore_ascii_case(name));
    named.or_else(|| by_provider(provider)).unwrap_or(&OTHER)
}

fn by_provider(provider: Option<&str>) -> Option<&'static Channel> {
    let provider = provider.filter(|p| !p.is_empty())?;
    CHANNELS.iter().find(|c| c.provider.eq_ignore_ascii_case(provider))
}

fn dataset_fields(dataset: &str, out: &mut Out<'_>) {
    out.text("event.dataset", dataset);
    out.text("event.module", dataset.split('.').next().unwrap_or(dataset));
    out.text("data_stream.dataset", dataset);
    out.text("data_stream.type", "logs");
    out.text("data_stream.namespace", "default");
    let is_linux = dataset == sysmon::LINUX_DATASET;
    out.text("host.os.type", if is_linux { "linux" } else { "windows" });
}

/// The pipeline of a channel that has none of its own.
pub(crate) fn generic(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    out.text_if("event.action", agent::task(event));
    head(event, flavor, out);
    agent::all_data(event, out);
}

/// What pipelines keep of the agent's form: everything but the action and the data.
pub(crate) fn head(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    put_times(agent::time_created(event), None, flavor, out);
    out.text("ecs.version", ECS_VERSION);
    agent::record_id_text(event, out);
    agent::head(event, out);
    agent::message(event, out);
}

/// `ecs.version` of the newest pipelines.
pub(crate) const ECS_VERSION: &str = "8.0.0";

/// The time that `@timestamp` says: `utc_time` is Sysmon's own, which counts if it can be read.
pub(crate) fn timestamp(created: Option<Time>, utc_time: Option<&str>) -> Option<Time> {
    utc_time.and_then(time_text::parse_utc_time).or(created)
}

/// `@timestamp`, and for [`Flavor::Logs`] the two times that hang on it. `utc_time` is Sysmon's own time, to the
/// millisecond, which counts if it can be read.
///
/// Elastic's `event.ingested` is the time of arrival, and rules' look-back runs over it. Nothing
/// arrives in a hunt, so it is the event's own time.
pub(crate) fn put_times(
    created: Option<Time>,
    utc_time: Option<&str>,
    flavor: Flavor,
    out: &mut Out<'_>,
) {
    let utc_time = utc_time.and_then(time_text::parse_utc_time).map(time_text::millis);
    let timestamp = utc_time.or_else(|| created.map(time_text::trimmed));
    let timestamp = timestamp.as_ref().map(TimeText::as_str);
    out.text_if("@timestamp", timestamp);
    if flavor == Flavor::Logs {
        out.text_if("event.ingested", timestamp);
        if let Some(created) = created.filter(|_| out.sink.wants("event.created")) {
            out.text("event.created", time_text::millis(created).as_str());
        }
    }
}
