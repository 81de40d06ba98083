//! Security events of our own: what only the newer pipeline of Elastic Agent's integration makes of them.

use dragnet_ecs::Flavor;
use serde_json::json;

use crate::own::{check, ecs};
use crate::security::{check_security, security};

const BLOCKED: [(&str, &str); 11] = [
    ("ProcessId", "1284"),
    ("Application", r"\device\harddiskvolume2\tools\demo.exe"),
    ("Direction", "%%14593"),
    ("SourceAddress", "10.1.2.3"),
    ("SourcePort", "49800"),
    ("DestAddress", "192.0.2.7"),
    ("DestPort", "443"),
    ("Protocol", "6"),
    ("FilterRTID", "67903"),
    ("LayerName", "%%14611"),
    ("RemoteUserID", "S-1-0-0"),
];

#[test]
fn blocked_connections() {
    let document = ecs(&security("5157", &BLOCKED), Flavor::Logs);
    check(
        &document,
        &[
            ("event.category", json!(["network"])),
            ("event.type", json!(["connection", "info", "denied"])),
            ("event.action", json!("windows-firewall-packet-block")),
            (
                "process",
                json!({"executable": r"\device\harddiskvolume2\tools\demo.exe", "name": "demo.exe"}),
            ),
            ("source", json!({"ip": "10.1.2.3", "port": 49800})),
            ("destination", json!({"ip": "192.0.2.7", "port": 443})),
            ("network.iana_number", json!("6")),
            ("network.transport", json!("tcp")),
            ("network.direction", json!("outbound")),
            ("related.ip", json!(["192.0.2.7", "10.1.2.3"])),
            (
                "winlog.event_data",
                json!({
                    "ProcessId": "1284", "Direction": "%%14593", "Protocol": "6", "FilterRTID": "67903",
                    "LayerName": "%%14611", "LayerNameDescription": "Connect",
                    "RemoteUserID": "S-1-0-0", "RemoteUserDescription": "Nobody"
                }),
            ),
        ],
    );
    let id = document.get_str("network.community_id").unwrap();
    assert!(id.starts_with("1:"), "{id}");
}

#[test]
fn other_connections() {
    for (code, action) in [
        ("5152", "windows-firewall-packet-drop"),
        ("5156", "windows-firewall-connection"),
        ("5158", "windows-firewall-bind-local-port"),
    ] {
        check_security(code, &BLOCKED, &[("event.action", json!(action))]);
    }
    // What says nothing stays, and so does what is no number.
    let data = [
        ("Application", "-"),
        ("SourceAddress", "-"),
        ("SourcePort", "x"),
        ("Protocol", "200"),
        ("DestAddress", "::1"),
    ];
    check_security(
        "5152",
        &data,
        &[
            ("process", json!(null)),
            ("source", json!(null)),
            ("destination", json!({"ip": "::1"})),
            ("network", json!({"iana_number": "200"})),
            (
                "winlog.event_data",
                json!({"Application": "-", "SourceAddress": "-", "SourcePort": "x", "Protocol": "200"}),
            ),
        ],
    );
    // Winlogbeat's pipeline does not know them, nor does either one's for other ids.
    for (document, description) in [
        (ecs(&security("5157", &BLOCKED), Flavor::Winlogbeat), json!("Outbound")),
        (ecs(&security("5447", &BLOCKED), Flavor::Logs), json!(null)),
    ] {
        check(
            &document,
            &[
                ("event.category", json!(null)),
                ("source", json!(null)),
                ("process", json!(null)),
                ("winlog.event_data.DestPort", json!("443")),
                ("winlog.event_data.DirectionDescription", description),
            ],
        );
    }
}

#[test]
fn objects_of_the_directory() {
    let change = |class| {
        [
            ("SubjectUserName", "bob"),
            ("ObjectDN", r"CN=Lee\, Ann,OU=Staff,DC=example,DC=org"),
            ("ObjectClass", class),
            ("OperationType", "%%14674"),
        ]
    };
    let (person, group, other) = (change("user"), change("group"), change("groupPolicyContainer"));
    check_security(
        "5136",
        &person,
        &[
            ("event.reason", json!("%%14674")),
            ("user.name", json!("bob")),
            ("user.target.name", json!("Lee, Ann")),
            ("related.user", json!(["bob", "Lee, Ann"])),
            ("winlog.event_data.ObjectClass", json!("user")),
        ],
    );
    check_security(
        "5136",
        &group,
        &[
            ("user.target", json!(null)),
            ("group.name", json!("Lee, Ann")),
            ("related.user", json!(["bob", "Lee, Ann"])),
        ],
    );
    // Elastic: whatever has the word in its class.
    check_security("5136", &other, &[("group.name", json!("Lee, Ann"))]);
    let winlogbeat = ecs(&security("5136", &person), Flavor::Winlogbeat);
    let nothing = [
        ("event.reason", json!(null)),
        ("user.target", json!(null)),
        ("related.user", json!(["bob"])),
    ];
    check(&winlogbeat, &nothing);
    for (code, action) in
        [("5137", "directory-service-object-created"), ("5141", "directory-service-object-deleted")]
    {
        let kind = [("event.action", json!(action)), ("event.reason", json!(null))];
        check_security(code, &person, &kind);
    }
}

#[test]
fn registry_keys() {
    let key = r"\REGISTRY\MACHINE\SOFTWARE\Demo";
    let path = |path| [("registry.path", path)];
    check_security("4657", &[("ObjectName", key)], &path(json!(key)));
    check_security("4663", &[("ObjectName", key)], &path(json!(key)));
    check_security("4660", &[("ObjectName", "x"), ("ObjectType", "Key")], &path(json!("x")));
    check_security("4663", &[("ObjectName", r"C:\a"), ("ObjectType", "File")], &path(json!(null)));
    check_security("4670", &[("ObjectName", key), ("ObjectType", "Key")], &path(json!(null)));
    let winlogbeat = ecs(&security("4657", &[("ObjectName", key)]), Flavor::Winlogbeat);
    check(&winlogbeat, &path(json!(null)));
}
