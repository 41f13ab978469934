use proptest::prelude::*;

use super::*;

fn host(text: &str) -> HostPattern {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn problem_of_host(text: &str) -> &'static str {
    text.parse::<HostPattern>().unwrap_err().problem()
}

fn problem_of_request(text: &str) -> &'static str {
    text.parse::<RequestPattern>().unwrap_err().problem()
}

#[test]
fn a_name_allows_itself_alone() {
    let pattern = host("api.acme.com");
    assert!(pattern.matches("api.acme.com", 443, false));
    assert!(pattern.matches("API.acme.com.", 443, false));
    for other in ["acme.com", "x.api.acme.com", "api.acme.com.evil.org", ""] {
        assert!(!pattern.matches(other, 443, false), "{other}");
    }
}

#[test]
fn a_star_stands_for_one_or_more_labels_and_never_for_none() {
    let pattern = host("*.acme.com");
    assert!(pattern.matches("eu.acme.com", 443, false));
    assert!(pattern.matches("a.b.acme.com", 443, false));
    for other in [
        "acme.com",
        ".acme.com",
        "evilacme.com",
        "eu.acme.com.org",
        "é.acme.co",
        "ü",
    ] {
        assert!(!pattern.matches(other, 443, false), "{other}");
    }
}

#[test]
fn without_a_port_the_scheme_decides() {
    assert!(host("localhost").matches("localhost", 80, true));
    assert!(!host("localhost").matches("localhost", 443, true));
    assert!(!host("localhost").matches("localhost", 80, false));
    assert!(host("localhost:*").matches("localhost", 8443, false));
    assert!(host("*.acme.com:8443").matches("eu.acme.com", 8443, false));
    assert!(!host("*.acme.com:8443").matches("eu.acme.com", 443, false));
}

#[test]
fn addresses_are_compared_as_addresses() {
    assert!(host("127.0.0.1:*").matches("127.0.0.1", 1, true));
    assert!(host("[::1]:8080").matches("[::1]", 8080, true));
    assert!(host("[0:0::1]:8080").matches("::1", 8080, true));
    assert!(!host("[::ffff:7f00:1]").matches("127.0.0.1", 443, false));
    assert!(!host("acme.com").matches("127.0.0.1", 443, false));
    assert!(!host("127.0.0.1").matches("acme.com", 443, false));
}

#[test]
fn only_a_star_is_not_by_name() {
    assert!(host("localhost:*").is_by_name());
    assert!(host("10.0.0.1").is_by_name());
    assert!(!host("*.acme.localhost").is_by_name());
}

#[test]
fn what_is_written_is_shown_in_its_normal_form() {
    for (written, shown) in [
        ("API.Acme.COM", "api.acme.com"),
        ("*.Bücher.example:*", "*.xn--bcher-kva.example:*"),
        ("acme.com.:8443", "acme.com:8443"),
        ("[0:0:0::1]:443", "[::1]:443"),
        ("crm_eu.acme.com", "crm_eu.acme.com"),
    ] {
        assert_eq!(host(written).to_string(), shown, "{written}");
        assert_eq!(host(shown), host(written), "{written}");
    }
}

#[test]
fn each_mistake_in_a_host_has_its_own_words() {
    const ADDRESS: &str = "an IPv4 address has four decimal numbers, like `192.0.2.7`";
    let long_label = format!("{}.com", "a".repeat(64));
    let long_name = "a.".repeat(127) + "com";
    for (text, problem) in [
        ("", "the pattern is empty"),
        ("https://acme.com", "a host pattern has no scheme"),
        ("acme.com/v1", "a host pattern has no path"),
        (
            "me:secret@acme.com",
            "a host pattern has no user information",
        ),
        ("*", "a bare `*` would allow every host"),
        ("*:443", "a bare `*` would allow every host"),
        (
            "api.*.com",
            "a `*` stands only for whole labels at the start",
        ),
        (
            "*acme.com",
            "a `*` stands only for whole labels at the start",
        ),
        ("*.127.0.0.1", "an address has no labels below it"),
        ("::1", "an IPv6 address stands in brackets, like `[::1]`"),
        ("acme.com:", "a port is 1 to 65535, or `*`"),
        ("acme.com:0", "a port is 1 to 65535, or `*`"),
        ("acme.com:+80", "a port is 1 to 65535, or `*`"),
        ("acme.com:65536", "a port is 1 to 65535, or `*`"),
        ("acme com", "this is not a host name or address"),
        ("acme..com", "this is not a host name or address"),
        ("*.", "this is not a host name or address"),
        ("[::1", "an IPv6 address stands in brackets, like `[::1]`"),
        ("[::1]x:80", "this is not a host name or address"),
        (":443", "this is not a host name or address"),
        ("{tenant}.acme.com", "this is not a host name or address"),
        ("-acme.com", "this is not a host name or address"),
        ("acme-.com", "this is not a host name or address"),
        (&long_label, "this is not a host name or address"),
        (&long_name, "this is not a host name or address"),
        ("192.168.1", ADDRESS),
        ("2130706433", ADDRESS),
        ("0x7f.1", ADDRESS),
        (
            "*.com",
            "this would allow every host below a top-level domain",
        ),
        (
            "*.com.:443",
            "this would allow every host below a top-level domain",
        ),
    ] {
        assert_eq!(problem_of_host(text), problem, "{text}");
    }
    assert_eq!(
        "*".parse::<HostPattern>().unwrap_err().to_string(),
        "a bare `*` would allow every host; \
         write `host`, `*.host`, `host:port`, `host:*` or `*.host:port`"
    );
}

#[test]
fn a_request_is_compared_by_method_and_whole_path() {
    let search: RequestPattern = "POST /v1/search".parse().unwrap();
    assert!(search.matches("POST", "/v1/search"));
    assert!(!search.matches("PUT", "/v1/search"));
    assert!(!search.matches("POST", "/v1/search/"));
    let below: RequestPattern = "POST /v1/search/*".parse().unwrap();
    assert!(below.matches("POST", "/v1/search/"));
    assert!(below.matches("POST", "/v1/search/deals"));
    assert!(!below.matches("POST", "/v1/search"));
    assert_eq!(below.to_string(), "POST /v1/search/*");
}

#[test]
fn each_mistake_in_a_request_has_its_own_words() {
    for (text, problem) in [
        ("/v1/search", "there is no space between method and path"),
        ("post /v1", "the method is not in capital letters"),
        (" /v1", "the method is not in capital letters"),
        ("POST v1", "the path does not start with `/`"),
        ("POST /v1?q=1", "a path holds no query and no fragment"),
        ("POST /v1 /v2", "the path is not percent-encoded"),
        ("POST /bücher", "the path is not percent-encoded"),
        ("POST /*/search", "a `*` stands only at the end"),
    ] {
        assert_eq!(problem_of_request(text), problem, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_an_error(text in "[a-zA-Z0-9.*:\\[\\]@/%é -]{0,24}", host in ".{0,24}") {
        if let Ok(pattern) = text.parse::<HostPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern.clone());
            pattern.matches(&host, 443, false);
        }
        if let Ok(pattern) = text.parse::<RequestPattern>() {
            prop_assert_eq!(pattern.to_string().parse::<RequestPattern>().unwrap(), pattern);
        }
    }
}

/// `/v1/search/..%2Fdelete` passed as a read by `/v1/search/*`.
#[test]
fn a_path_that_servers_read_differently_matches_no_prefix() {
    let pattern: RequestPattern = "POST /v1/search/*".parse().unwrap();
    assert!(pattern.matches("POST", "/v1/search/a.b/...c%20d"));
    for rest in [
        "..%2Fdelete",
        "..%2fdelete",
        "a%5C..",
        "a%5c",
        "../delete",
        ".",
        "a/%2e%2E/b",
        "a\\b",
    ] {
        let path = format!("/v1/search/{rest}");
        assert!(!pattern.matches("POST", &path), "{path}");
        // Written out by the operator it is what the operator means.
        let whole: RequestPattern = format!("POST {path}").parse().unwrap();
        assert!(whole.matches("POST", &path), "{path}");
    }
}
