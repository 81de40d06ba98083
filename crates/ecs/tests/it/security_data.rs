//! Security events of our own: accounts, groups, rights, policies, descriptors and shares.

use dragnet_ecs::Flavor;
use serde_json::json;

use crate::own::{check, ecs, named};
use crate::security::{check_security, security};

#[test]
fn accounts_and_groups() {
    let data = [
        ("MemberName", r"CN=Lee\, Ann,CN=Users,DC=example,DC=org"),
        ("TargetSid", "S-1-5-32-544"),
        ("TargetUserName", "Administrators"),
        ("TargetDomainName", "Builtin"),
        ("SubjectUserName", "adm"),
        ("PrivilegeList", "-"),
    ];
    let group = json!({"id": "S-1-5-32-544", "name": "Administrators", "domain": "Builtin"});
    check_security(
        "4732",
        &data,
        &[
            ("event.type", json!(["group", "change"])),
            ("group", group.clone()),
            ("user.name", json!("adm")),
            ("user.target", json!({"name": r"Lee\, Ann", "domain": "org", "group": group})),
            ("related.user", json!([r"Lee\, Ann", "adm"])),
            ("winlog.event_data.PrivilegeList", json!("-")),
        ],
    );
    check_security("4735", &data[1..], &[("user.target", json!(null))]);

    let data = [
        ("TargetUserName", "-"),
        ("TargetSid", "S-1-5-21-1-2-3-1002"),
        ("TargetDomainName", "EXAMPLE"),
        ("SubjectUserName", "adm"),
    ];
    check_security(
        "4724",
        &data,
        &[
            ("user.target", json!({"id": "S-1-5-21-1-2-3-1002", "domain": "EXAMPLE"})),
            ("related.user", json!(["adm"])),
        ],
    );

    let data = [("OldTargetUserName", "a"), ("NewTargetUserName", "b"), ("SubjectUserName", "adm")];
    check_security(
        "4781",
        &data,
        &[
            ("user", json!({"name": "adm", "target": {"name": "a"}, "changes": {"name": "b"}})),
            ("related.user", json!(["adm", "b", "a"])),
        ],
    );
}

#[test]
fn account_control() {
    let data = [
        ("NewUacValue", "0x10010"),
        ("UserAccountControl", "\n\t\t%%2096\n\t\t%%2084"),
        ("TargetSid", "S-1-5-21-1-2-3-1002"),
        ("TargetUserName", "WS2$"),
        ("TargetDomainName", "EXAMPLE"),
        ("PrivilegeList", "SeA\n\t\t\tSeB"),
    ];
    let names = json!(["USER_NORMAL_ACCOUNT", "USER_DONT_REQUIRE_PREAUTH"]);
    let computer = json!({"id": "S-1-5-21-1-2-3-1002", "name": "WS2$", "domain": "EXAMPLE"});
    check_security(
        "4742",
        &data,
        &[
            ("winlog.event_data.NewUACList", names),
            ("winlog.event_data.UserAccountControl", json!(["2096", "2084"])),
            ("winlog.event_data.PrivilegeList", json!(["SeA", "SeB"])),
            ("winlog.computerObject", computer),
            ("user.target", json!(null)),
        ],
    );
    let data = [("NewUacValue", "-"), ("UserAccountControl", "%%2048")];
    let kept = json!({"NewUacValue": "-", "UserAccountControl": "%%2048"});
    check_security("4738", &data, &[("winlog.event_data", kept)]);
}

#[test]
fn rights() {
    let data = [
        ("AccessList", "%%1538\n\t\t\t\t%%4417\n\t\t\t\t%%99"),
        ("AccessMask", "0x20100"),
        ("ProcessName", r"C:\x\y.exe"),
        ("ProcessId", "0x10"),
    ];
    let expected = json!({
        "AccessList": "%%1538\n\t\t\t\t%%4417\n\t\t\t\t%%99",
        "AccessListDescription": ["READ_CONTROL", "WriteData (or AddFile)", "99"],
        "AccessMask": ["0x20100"],
        "AccessMaskDescription": ["Control Access", "READ_CONTROL"],
        "ProcessName": r"C:\x\y.exe",
        "ProcessId": "0x10",
    });
    check_security("4663", &data, &[("winlog.event_data", expected), ("process", json!(null))]);

    let data = [("AccessMask", "\n\t%%7 no\n"), ("PrivilegeList", "SeTcbPrivilege")];
    let expected = json!({
        "AccessMask": ["%%7", "no"],
        "AccessMaskDescription": ["Create Child", "Delete Child", "List Contents"],
        "PrivilegeList": ["SeTcbPrivilege"],
    });
    check_security("4674", &data, &[("winlog.event_data", expected)]);
}

#[test]
fn policies_and_trusts() {
    let data = [
        ("SubcategoryGuid", "{0CCE922B-69AE-11D9-BED3-505054503030}"),
        ("AuditPolicyChanges", "%%8448, %%8450, ?"),
    ];
    check_security(
        "4719",
        &data,
        &[
            ("winlog.event_data.Category", json!("Detailed Tracking")),
            ("winlog.event_data.SubCategory", json!("Process Creation")),
            (
                "winlog.event_data.AuditPolicyChangesDescription",
                json!(["Success removed", "Failure removed", "?"]),
            ),
        ],
    );
    let data = [("TdoType", "2"), ("TdoDirection", "1"), ("TdoAttributes", "36")];
    check_security(
        "4716",
        &data,
        &[
            ("winlog.trustType", json!("TRUST_TYPE_UPLEVEL")),
            ("winlog.trustDirection", json!("TRUST_DIRECTION_INBOUND")),
            ("winlog.trustAttribute", json!(null)),
        ],
    );
    let data = [("ServiceName", "s"), ("ServiceType", "0x110")];
    let service = json!({"name": "s", "type": "Interactive Own Process"});
    check_security("4697", &data, &[("service", service)]);
    let data = [("Direction", "%%14593"), ("LayerName", "%%14611")];
    let expected = json!({
        "Direction": "%%14593",
        "LayerName": "%%14611", "LayerNameDescription": "Connect",
    });
    check_security("5156", &data, &[("winlog.event_data", expected)]);
}

#[test]
fn descriptors_and_sids() {
    let data = [
        ("SubjectUserName", "ann"),
        ("OldSd", "D:(A;;GA;;;SY)"),
        ("NewSd", "D:(A;;GA;;;S-1-5-21-1-2-3-500)"),
    ];
    let dacl = "Administrator :Access Allowed ([Generic All])";
    check_security(
        "4670",
        &data,
        &[
            ("winlog.event_data.OldSdDacl0", json!("Local system :Access Allowed ([Generic All])")),
            ("winlog.event_data.NewSdDacl0", json!(dacl)),
            ("related.user", json!(["ann", "Administrator"])),
        ],
    );
    let none = [("winlog.event_data.NewSdDacl0", json!(null)), ("related", json!(null))];
    check_security("4715", &data, &none);

    let data = [("SidList", "\n\t\t%{S-1-5-32-544}\n\t\t%{S-1-5-21-1-2-3-512}")];
    check_security(
        "4908",
        &data,
        &[
            ("winlog.event_data.SidList", json!(["%{S-1-5-32-544}", "%{S-1-5-21-1-2-3-512}"])),
            ("winlog.event_data.SidListDesc", json!(["Administrators", "Domain Admins"])),
        ],
    );
    check_security("4964", &data, &[("winlog.event_data.SidList", json!(data[0].1))]);
}

#[test]
fn shares() {
    let data = [
        ("SubjectUserName", "ann"),
        ("IpAddress", "10.1.2.3"),
        ("IpPort", "50000"),
        ("ShareName", r"\\*\SYSVOL"),
        ("ShareLocalPath", r"\??\C:\Windows\SYSVOL"),
        ("RelativeTargetName", r"x\scripts.ini"),
    ];
    let file = json!({
        "name": r"x\scripts.ini", "directory": r"\??\C:\Windows\SYSVOL", "extension": "ini",
        "path": r"\??\C:\Windows\SYSVOL\x\scripts.ini",
        "target_path": r"\\*\SYSVOL\x\scripts.ini",
    });
    check_security(
        "5145",
        &data,
        &[
            ("event.category", json!(["network", "file"])),
            ("event.action", json!("network-share-object-access-checked")),
            ("file", file),
            ("source", json!({"ip": "10.1.2.3", "port": 50000})),
            ("user.name", json!("ann")),
        ],
    );
    let directory = json!({"directory": r"\??\C:\Windows\SYSVOL"});
    check_security("5140", &data[..5], &[("file", directory)]);
}

#[test]
fn the_log_was_cleared() {
    let mut event = security("1102", &[]);
    event.provider_name = Some("Microsoft-Windows-Eventlog".into());
    event.user_data_name = Some("LogFileCleared".into());
    event.user_data = named(&[
        ("SubjectUserSid", "S-1-5-21-1-2-3-1001"),
        ("SubjectUserName", "ann"),
        ("SubjectDomainName", ""),
        ("SubjectLogonId", "0x12"),
    ]);
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("event.action", json!("audit-log-cleared")),
            ("event.type", json!(["admin", "change"])),
            ("user", json!({"id": "S-1-5-21-1-2-3-1001", "name": "ann"})),
            ("related.user", json!(["ann"])),
            ("winlog.logon.id", json!("0x12")),
            ("winlog.user_data.SubjectUserName", json!("ann")),
        ],
    );
}
