//! The mock itself, over raw sockets: what it says it did is what happened.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use mock_crm::{Gate, MockCrm, Reply, Rule, recorded_rules};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

/// What came until the connection ended.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn has_header(&self, line: &str) -> bool {
        self.head
            .lines()
            .any(|found| found.eq_ignore_ascii_case(line))
    }
}

fn connect(crm: &MockCrm) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", crm.port())).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn send(stream: &mut impl Write, method: &str, target: &str, body: &str) {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer t\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
}

fn receive(stream: &mut impl Read) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        let found = String::from_utf8_lossy(&bytes).into_owned();
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, found));
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    Ok(Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body: bytes[end + 4..].to_vec(),
    })
}

fn ask(crm: &MockCrm, method: &str, target: &str, body: &str) -> io::Result<Answer> {
    let mut stream = connect(crm);
    send(&mut stream, method, target, body);
    receive(&mut stream)
}

#[test]
fn example_stores_an_entry_and_lists_it_by_session() {
    let crm = MockCrm::start().unwrap();
    let first = ask(
        &crm,
        "POST",
        "/activities",
        r#"{"contact":"7","sessionId":"a b"}"#,
    )
    .unwrap();
    ask(
        &crm,
        "POST",
        "/activities",
        r#"{"contact":"8","sessionId":"c"}"#,
    )
    .unwrap();

    assert_eq!(
        (first.status, first.json()),
        (201, json!({ "id": "act-1" }))
    );
    let listed = ask(&crm, "GET", "/activities?sessionId=a%20b", "").unwrap();
    let expected = json!({ "activities": [{ "id": "act-1", "contact": "7", "sessionId": "a b" }] });
    assert_eq!(listed.json(), expected);
    let ids: Vec<String> = crm.entries().into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, ["act-1", "act-2"]);
}

#[test]
fn lists_come_in_pages() {
    let crm = MockCrm::start().unwrap();
    for n in 0..3 {
        let body = json!({ "sessionId": "s", "n": n }).to_string();
        ask(&crm, "POST", "/activities", &body).unwrap();
    }
    let page = |query: &str| {
        let target = format!("/activities?sessionId=s{query}");
        ask(&crm, "GET", &target, "").unwrap()
    };
    let first = page("&limit=2").json();
    assert_eq!(first["activities"][1]["id"], "act-2");
    assert_eq!(first["next"], "2");
    let last = json!({ "activities": [{ "id": "act-3", "sessionId": "s", "n": 2 }] });
    assert_eq!(page("&limit=2&cursor=2").json(), last);
    assert_eq!(page("").json()["activities"].as_array().unwrap().len(), 3);
    for refused in ["&limit=0", "&limit=101", "&limit=x", "&cursor=-1"] {
        assert_eq!(page(refused).status, 400, "{refused}");
    }
}

#[test]
fn pipedrive_lists_a_persons_activities_of_late() {
    let crm = MockCrm::start().unwrap();
    let created_at = stored_at(&crm);
    ask(
        &crm,
        "POST",
        "/api/v2/activities",
        r#"{"subject":"nobody's"}"#,
    )
    .unwrap();
    let list = |query: &str| {
        let target = format!("/api/v2/activities?{query}");
        ask(&crm, "GET", &target, "").unwrap().json()
    };
    let expected = json!({
        "id": 9001, "owner_id": 42, "due_date": "2026-03-05", "due_time": "23:59:00", "duration": "00:01:00",
        "person_id": 77, "participants": [{ "person_id": 77, "primary": true }], "is_deleted": false,
        "add_time": created_at, "update_time": created_at,
    });
    let page =
        json!({ "success": true, "data": [expected], "additional_data": { "next_cursor": null } });
    assert_eq!(
        list("person_id=77&updated_since=2020-01-01T00:00:00Z"),
        page
    );
    assert_eq!(list("person_id=7")["data"], json!([]));
    assert_eq!(
        list("updated_since=2999-01-01T00:00:00Z")["data"],
        json!([])
    );
    let first = list("limit=1");
    assert_eq!(first["data"][0]["id"], 9001);
    let cursor = first["additional_data"]["next_cursor"].as_str().unwrap();
    let second = list(&format!("limit=1&cursor={cursor}"));
    assert_eq!(second["data"][0]["person_id"], Value::Null);
    assert_eq!(second["additional_data"]["next_cursor"], Value::Null);
    let refused = ask(&crm, "GET", "/api/v2/activities?updated_since=soon", "").unwrap();
    assert_eq!(refused.status, 400);
}

/// Stores an activity and returns when, as Pipedrive writes it.
fn stored_at(crm: &MockCrm) -> String {
    let body = json!({
        "owner_id": 42, "due_date": "2026-03-05", "due_time": "23:59", "duration": "00:01",
        "participants": [{ "person_id": 77, "primary": true }],
    });
    ask(crm, "POST", "/api/v2/activities", &body.to_string()).unwrap();
    let created_at = crm.entries()[0].created_at;
    created_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[test]
fn requests_are_kept_as_they_arrived() {
    let crm = MockCrm::start().unwrap();
    ask(&crm, "POST", "/activities?x=1&y=%26", r#"{"contact":"7"}"#).unwrap();

    let requests = crm.wait_for_requests(1, SECOND).unwrap();
    let request = &requests[0];
    assert_eq!(
        (&*request.method, &*request.target),
        ("POST", "/activities?x=1&y=%26")
    );
    assert_eq!(
        (request.path(), request.query("y")),
        ("/activities", Some("&".to_owned()))
    );
    assert_eq!(request.header("authorization"), Some("Bearer t"));
    assert_eq!(request.json(), Some(json!({ "contact": "7" })));
    assert_eq!(request.connection, 1);
}

#[test]
fn refused_requests_store_nothing() {
    let crm = MockCrm::start().unwrap();
    assert_eq!(
        ask(&crm, "POST", "/activities", "{contact").unwrap().status,
        400
    );
    assert_eq!(ask(&crm, "POST", "/activities", "[]").unwrap().status, 400);
    assert_eq!(ask(&crm, "DELETE", "/activities", "").unwrap().status, 405);
    assert_eq!(ask(&crm, "POST", "/nowhere", "{}").unwrap().status, 404);
    let mut stream = connect(&crm);
    let request =
        "POST /activities HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    stream.write_all(request.as_bytes()).unwrap();
    assert_eq!(receive(&mut stream).unwrap().status, 401);

    assert_eq!((crm.requests().len(), crm.n_entries()), (5, 0));
}

#[test]
fn pipedrive_routes_answer_as_recorded_from_pipedrive() {
    let crm = MockCrm::start().unwrap();
    let person = ask(&crm, "GET", "/api/v2/persons/77", "").unwrap();
    let expected = json!({ "id": 77, "name": "Jane Roe", "org_id": null });
    assert_eq!(person.json(), json!({ "success": true, "data": expected }));
    let types = ask(&crm, "GET", "/v1/activityTypes", "").unwrap();
    assert_eq!(types.json()["data"][0]["key_string"], "call");
    let created = ask(&crm, "POST", "/api/v2/activities", "{}").unwrap();
    assert_eq!(
        created.json(),
        json!({ "success": true, "data": { "id": 9001 } })
    );
    assert!(
        created.has_header("x-ratelimit-remaining: 79"),
        "{}",
        created.head
    );
    assert_eq!(crm.entries()[0].id, "9001");
}

#[test]
fn the_first_matching_rule_wins_until_it_is_used_up() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").times(2).reply(Reply::empty(503)));
    crm.script(Rule::any("/act*").reply(Reply::redirect(307, "http://elsewhere/")));

    let status = |method| ask(&crm, method, "/activities", "{}").unwrap().status;
    let statuses = ["GET", "POST", "POST", "POST"].map(status);
    assert_eq!(statuses, [307, 503, 503, 307]);
    assert_eq!(ask(&crm, "GET", "/health", "").unwrap().status, 200);
    assert_eq!(crm.n_entries(), 0);
    crm.clear_script();
    assert_eq!(ask(&crm, "POST", "/activities", "{}").unwrap().status, 201);
}

#[test]
fn a_rule_for_one_caller_leaves_the_others_alone() {
    let crm = MockCrm::start().unwrap();
    let refused = Rule::post("/activities").reply(Reply::empty(503));
    crm.script_all([
        refused.clone().authorized("Bearer u"),
        refused.authorized("Bearer t").once(),
    ]);
    // `ask` is the caller t.
    let ask = || ask(&crm, "POST", "/activities", "{}").unwrap().status;
    assert_eq!([ask(), ask()], [503, 201]);
}

#[test]
fn a_connection_closed_before_storing_leaves_no_entry() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").close());
    let error = ask(&crm, "POST", "/activities", r#"{"contact":"7"}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (io::ErrorKind::UnexpectedEof, String::new())
    );
    assert_eq!((crm.requests().len(), crm.n_entries()), (1, 0));
}

#[test]
fn a_reply_lost_after_storing_leaves_the_entry() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").store().close());
    ask(&crm, "POST", "/activities", r#"{"contact":"7"}"#).unwrap_err();
    assert_eq!(crm.entries()[0].body, json!({ "contact": "7" }));
}

#[test]
fn a_connection_closed_before_reading_has_read_no_body() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").before_reading().close());
    let mut stream = connect(&crm);
    let head =
        "POST /activities HTTP/1.1\r\nhost: x\r\nauthorization: t\r\ncontent-length: 9\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    receive(&mut stream).unwrap_err();
    assert_eq!((crm.requests()[0].body.len(), crm.n_entries()), (0, 0));
}

#[test]
fn a_reset_is_seen_as_a_reset() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").reset());
    let error = ask(&crm, "POST", "/activities", "{}").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_truncated_reply_announces_more_than_it_sends() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::post("/activities").once().store().truncate());
    crm.script(
        Rule::post("/activities")
            .reply(Reply::filler(200, 1_000_000))
            .truncate(),
    );

    let stored = ask(&crm, "POST", "/activities", "{}").unwrap();
    assert_eq!(
        (stored.status, stored.body),
        (201, br#"{"id":""#[..].to_vec())
    );
    assert!(
        stored.head.contains("content-length: 14"),
        "{}",
        stored.head
    );
    let scripted = ask(&crm, "POST", "/activities", "{}").unwrap();
    assert_eq!(scripted.body.len(), 500_000);
    assert_eq!(crm.n_entries(), 1);
}

#[test]
fn a_filler_has_the_asked_size_and_announces_none() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::get("/health").reply(Reply::filler(200, 100_000)));
    let answer = ask(&crm, "GET", "/health", "").unwrap();
    assert!(
        answer.has_header("transfer-encoding: chunked"),
        "{}",
        answer.head
    );
    let n_filler = answer.body.iter().filter(|&&byte| byte == b'x').count();
    assert_eq!(n_filler, 100_000);
}

#[test]
fn a_held_request_is_carried_out_although_its_caller_hangs_up() {
    let crm = MockCrm::start().unwrap();
    let gate = Gate::new();
    crm.script(Rule::post("/activities").hold(&gate));
    let mut stream = connect(&crm);
    send(&mut stream, "POST", "/activities", "{}");
    crm.wait_for_requests(1, LONG).unwrap();
    drop(stream);
    // By the time of this answer the hang-up has been seen, too: one thread serves all connections.
    ask(&crm, "GET", "/health", "").unwrap();
    assert_eq!(crm.n_entries(), 0);

    gate.open();
    crm.wait_for_entries(1, LONG).unwrap();
}

#[test]
fn waiting_in_vain_says_what_is_there() {
    let crm = MockCrm::start().unwrap();
    let error = crm
        .wait_for_requests(3, Duration::from_millis(1))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "waited 1ms for 3 requests, the CRM has received 0"
    );
}

#[test]
fn a_scripted_answer_that_http_cannot_express_is_a_500_with_the_reason() {
    let crm = MockCrm::start().unwrap();
    crm.script(Rule::get("/health").reply(Reply::empty(200).header("bad name", "x")));
    let answer = ask(&crm, "GET", "/health", "").unwrap();
    assert_eq!(answer.status, 500);
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("cannot send the scripted answer"), "{text}");
}

#[test]
fn recorded_answers_come_in_order_and_the_last_repeats() {
    let crm = MockCrm::start().unwrap();
    let url = "https://acme.pipedrive.com/v1/activityTypes";
    let answers = json!([
        { "method": "GET", "url": url, "status": 200, "body": { "data": [] } },
        { "method": "POST", "url": "https://acme.pipedrive.com/api/v2/activities", "status": 200,
          "headers": { "x-ratelimit-reset": "9" }, "body": { "success": true, "data": {} } },
        { "method": "GET", "url": url, "status": 429 },
    ]);
    crm.script_all(recorded_rules(&answers).unwrap());

    let statuses = [(); 3].map(|()| ask(&crm, "GET", "/v1/activityTypes", "").unwrap().status);
    assert_eq!(statuses, [200, 429, 429]);
    let created = ask(&crm, "POST", "/api/v2/activities", "{}").unwrap();
    assert_eq!(created.json(), json!({ "success": true, "data": {} }));
    assert!(
        created.has_header("x-ratelimit-reset: 9"),
        "{}",
        created.head
    );
    assert_eq!(
        crm.n_entries(),
        1,
        "a CRM that claims to have created an entry has one"
    );
}

#[test]
fn recorded_answers_of_another_shape_are_refused() {
    let error = recorded_rules(&json!([{ "method": "GET", "status": 200 }])).unwrap_err();
    assert!(
        format!("{error:#}").contains("missing field `url`"),
        "{error:#}"
    );
}

#[test]
fn dropping_one_crm_stops_it_and_no_other() {
    let (gone, other) = (MockCrm::start().unwrap(), MockCrm::start().unwrap());
    let port = gone.port();
    let mut idle = connect(&gone);
    drop(gone);

    assert_eq!(
        idle.read(&mut [0]).unwrap_or(0),
        0,
        "its connections are closed"
    );
    let refused = TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(ask(&other, "GET", "/health", "").unwrap().status, 200);
}

fn tls_connect(
    crm: &MockCrm,
    ca: &MockCrm,
    protocol: &str,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = ca.write_ca(folder.path()).unwrap();
    roots
        .add(CertificateDer::from_pem_file(ca_file).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = "localhost".try_into().unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = connect(crm);
    connection.complete_io(&mut tcp)?;
    assert_eq!(connection.alpn_protocol(), Some(protocol.as_bytes()));
    Ok(StreamOwned::new(connection, tcp))
}

#[test]
fn over_tls_it_speaks_http_1_and_2_to_who_trusts_its_ca() {
    let crm = MockCrm::builder().tls().start().unwrap();
    assert_eq!(crm.url(), format!("https://localhost:{}", crm.port()));
    let mut http1 = tls_connect(&crm, &crm, "http/1.1").unwrap();
    send(&mut http1, "POST", "/activities", "{}");
    assert_eq!(receive(&mut http1).unwrap().status, 201);

    let mut http2 = tls_connect(&crm, &crm, "h2").unwrap();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    http2
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    http2.write_all(&empty_settings).unwrap();
    let mut frame_head = [0; 9];
    http2.read_exact(&mut frame_head).unwrap();
    assert_eq!(frame_head[3], 4, "the server's first frame is SETTINGS");
}

#[test]
fn over_tls_a_cut_connection_says_no_farewell() {
    let crm = MockCrm::builder().tls().start().unwrap();
    crm.script(Rule::post("/activities").store().close());
    let mut stream = tls_connect(&crm, &crm, "http/1.1").unwrap();
    send(&mut stream, "POST", "/activities", "{}");
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("close_notify"), "{error}");
    assert_eq!(crm.n_entries(), 1);
}

#[test]
fn every_instance_has_a_ca_of_its_own() {
    let crm = MockCrm::builder().tls().start().unwrap();
    let other = MockCrm::builder().tls().start().unwrap();
    let error = tls_connect(&crm, &other, "http/1.1")
        .map(|_| ())
        .unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
}
