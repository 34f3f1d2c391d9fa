//! The sources that are off unless they are named.

use serde_json::json;

use super::*;

const ALL: &str = "header:x-api-key,bearer,basic,query:key,websocket-protocol:key.";

#[test]
fn they_are_off_unless_they_are_named() {
    let key = generated(1);
    let protocol = format!("key.{key}");
    for sources in ["header:x-api-key,bearer", ""] {
        let sources = match sources {
            "" => KeySources::default(),
            sources => sources.parse().unwrap(),
        };
        let in_header = |name, value: &str| events(Some((name, &[value])), "");
        for (kind, event) in [
            in_header("authorization", &basic(&key, "")),
            in_header("sec-websocket-protocol", &protocol),
            events(None, &format!("key={key}")),
        ]
        .iter()
        .flatten()
        {
            let event = to_raw_value(event).unwrap();
            let presented = sources.presented(&event::read(event.get()).unwrap());
            assert_eq!(presented.err(), Some(Reason::MissingKey), "{kind}");
        }
    }
}

#[test]
fn they_take_part_in_the_order() {
    let headers = |values: &[(&str, &str)]| Value::from_iter(values.iter().copied());
    let event = json!({
        "type": "REQUEST", "version": "2.0", "routeArn": ARN,
        "rawQueryString": "key=from-the-query",
        "headers": headers(&[
            ("x-api-key", "from-the-header"),
            ("authorization", &basic("from-basic", "")),
            ("sec-websocket-protocol", "key.from-a-protocol"),
        ]),
    });
    for (sources, first) in [
        (ALL, "from-the-header"),
        ("bearer,basic,query:key", "from-basic"),
        ("query:key,header:x-api-key", "from-the-query"),
        (
            "query:other,websocket-protocol:key.,basic",
            "from-a-protocol",
        ),
    ] {
        assert_eq!(presented_in(&event, sources), found(first), "{sources}");
    }
    let mut two = event.clone();
    two["rawQueryString"] = "key=one&key=two".into();
    assert_eq!(
        presented_in(&two, "query:key,header:x-api-key"),
        MALFORMED,
        "never the next after a malformed one"
    );
    assert_eq!(presented_in(&two, ALL), found("from-the-header"));
}

#[test]
fn the_user_name_of_basic_is_the_key_and_the_password_is_ignored() {
    let one = |text: &str| sent("basic", "Authorization", &[text]);
    for password in ["", "x", "a:b", "é"] {
        assert_eq!(one(&basic("k", password)), found("k"), "{password}");
        assert_eq!(
            token_from("bearer,basic", json!(basic("k", password))),
            found("k")
        );
    }
    let credentials = basic("k", "")["Basic ".len()..].to_owned();
    for scheme in ["basic ", "BASIC \t  ", "\r\n bAsIc "] {
        assert_eq!(
            one(&format!("{scheme}{credentials}\n")),
            found("k"),
            "{scheme:?}"
        );
    }
    assert_eq!(
        one(&basic(" k\n", "")),
        found("k"),
        "blanks around a key are dropped"
    );
    assert_eq!(
        one(&basic("k,l", "")),
        found("k,l"),
        "a user name is one value"
    );
}

#[test]
fn basic_without_a_user_name_is_a_missing_key() {
    for text in [
        "Basic",
        "Basic  ",
        &basic("", ""),
        &basic("", "secret"),
        "Bearer k",
        "basick",
        "Bas ic",
    ] {
        assert_eq!(sent("basic", "authorization", &[text]), MISSING, "{text}");
    }
    assert_eq!(token_from("basic", json!("Basic")), MISSING);
}

#[test]
fn what_is_no_basic_credentials_is_a_malformed_key() {
    let no_colon = BASE64_STANDARD.encode("a-custom-value-of-a-test");
    let no_text = BASE64_STANDARD.encode(b"\xff\xfe:");
    for text in [
        &no_colon, &no_text, "azo", "azo=x", "a-o_", "!!!!", "az o=", "azo==",
    ] {
        let text = format!("Basic {text}");
        assert_eq!(
            sent("basic", "authorization", &[&text]),
            MALFORMED,
            "{text}"
        );
        assert_eq!(token_from("basic", json!(text)), MALFORMED, "{text}");
    }
    assert_eq!(
        token_from("basic", json!("k")),
        found("k"),
        "a token without a scheme"
    );
    assert_eq!(token_from("basic", json!("Bearer k")), found("k"));
    let off = token_from("bearer", json!(basic("k", ""))).unwrap();
    assert!(
        latchkey_domain::PresentedKey::parse(&off).is_err(),
        "it has a blank"
    );
}

#[test]
fn basic_twice_must_say_the_same_twice_and_beside_no_other_scheme() {
    let lists = |values: &[&str]| sent("basic", "authorization", values);
    let (k, again, l) = (basic("k", "a"), basic("k", "b"), basic("l", "a"));
    assert_eq!(lists(&[&k, &again]), found("k"), "the password is ignored");
    assert_eq!(lists(&[&k, &l]), MALFORMED);
    assert_eq!(lists(&[&k, "Bearer k"]), MALFORMED);
    assert_eq!(
        lists(&["Digest username=\"a\", realm=\"b\"", &k]),
        MALFORMED
    );
    assert_eq!(lists(&["Digest username=\"a\", realm=\"b\""]), MISSING);
    for sources in ["bearer,basic", "basic,bearer"] {
        let both = |values: &[&str]| sent(sources, "authorization", values);
        assert_eq!(both(&[&k]), found("k"));
        assert_eq!(both(&["Bearer k"]), found("k"));
        assert_eq!(both(&[&k, "Bearer k"]), MALFORMED, "{sources}");
    }
    for joined in [
        format!("{k},{l}"),
        format!("Bearer k,{k}"),
        format!("{k},Bearer k"),
    ] {
        let token = token_from("basic,bearer", json!(joined));
        let is_key = token.is_ok_and(|value| latchkey_domain::PresentedKey::parse(&value).is_ok());
        assert!(!is_key, "{joined}");
    }
}

#[test]
fn a_parameter_of_the_query_is_decoded_once_by_its_exact_name() {
    let one = |query: &str| asked("query:api_key", query);
    for query in [
        "api_key=k%2Bl",
        "a=b&api_key=k%2bl&c",
        "api%5Fkey=%6B%2B%6C",
        "api_key=+k%2Bl%20",
        "api_key=&api_key=k%2Bl",
        "api_key&api_key=k%2Bl",
        "API_KEY=x&api_key=k%2Bl",
    ] {
        assert_eq!(one(query), found("k+l"), "{query}");
    }
    for query in [
        "",
        "api_key",
        "api_key=",
        "api_key=%20",
        "API_KEY=k",
        "api_key2=k",
        "x=api_key=k",
        "key=k",
    ] {
        assert_eq!(one(query), MISSING, "{query}");
    }
    assert_eq!(one("api_key=k%252Bl"), found("k%2Bl"), "once");
    assert_eq!(
        one("api_key=k+l"),
        found("k l"),
        "a plus sign is a blank in a query"
    );
}

#[test]
fn a_parameter_twice_must_say_the_same_twice() {
    let lists = |query: &str| asked("query:key", query);
    let (first, second) = (generated(1), generated(2));
    assert_eq!(
        lists(&format!("key={first}&a=b&key={first}")),
        found(&first)
    );
    assert_eq!(lists(&format!("key={first}&key={second}")), MALFORMED);
    assert_eq!(lists(&format!("key={first}&%6Bey={second}")), MALFORMED);
    assert_eq!(lists("key=k&key=l"), MALFORMED);
    for joined in [format!("{first},{second}"), format!("{first},x")] {
        assert_eq!(asked("query:key", &format!("key={joined}")), MALFORMED);
    }
    let last = json!({
        "type": "REQUEST", "methodArn": ARN,
        "queryStringParameters": {"key": "l"}, "multiValueQueryStringParameters": {"key": ["k", "k"]},
    });
    assert_eq!(presented_in(&last, "query:key"), MALFORMED);
    let joined = |text: String| {
        let event =
            json!({"version": "2.0", "routeArn": ARN, "queryStringParameters": {"key": text}});
        presented_in(&event, "query:key")
    };
    assert_eq!(joined(format!("{first},{first}")), found(&first));
    assert_eq!(joined(format!("{first},{second}")), MALFORMED);
}

#[test]
fn a_query_that_is_no_text_is_a_malformed_event_where_it_is_a_source() {
    for (member, wrong) in [
        ("queryStringParameters", json!({"key": 1})),
        ("queryStringParameters", json!("key=k")),
        ("multiValueQueryStringParameters", json!({"key": "k"})),
        ("rawQueryString", json!(["key=k"])),
    ] {
        for (kind, mut event) in events(Some(("x-api-key", &["k"])), "") {
            let is_read = match member {
                "rawQueryString" => kind == "2.0",
                "multiValueQueryStringParameters" => kind != "2.0",
                _ => true,
            };
            event[member] = wrong.clone();
            assert_eq!(
                presented_in(&event, "header:x-api-key,query:key"),
                found("k")
            );
            let read = presented_in(&event, "query:key");
            assert_eq!(
                read == Err(Reason::MalformedEvent),
                is_read,
                "{kind} {member}: {read:?}"
            );
        }
    }
}

#[test]
fn a_subprotocol_with_the_prefix_is_the_key() {
    let one = |values: &[&str]| sent("websocket-protocol:key.", "Sec-WebSocket-Protocol", values);
    for values in [
        &["key.k"][..],
        &["chat.v2, key.k"],
        &["key.k,chat.v2"],
        &["chat.v2", "key.k"],
        &["key.k, key.k"],
        &["key.k", "chat.v2, key.k"],
        &["key., key.k"],
        &[" ,key.k,"],
    ] {
        assert_eq!(one(values), found("k"), "{values:?}");
    }
    for values in [
        &[""][..],
        &["chat.v2"],
        &["key."],
        &["KEY.k"],
        &["key"],
        &["chat.key.k"],
        &["k"],
    ] {
        assert_eq!(one(values), MISSING, "{values:?}");
    }
    for values in [
        &["key.k, key.l"][..],
        &["key.k", "key.l"],
        &["key.k,chat.v2,key.K"],
    ] {
        assert_eq!(one(values), MALFORMED, "{values:?}");
    }
    assert_eq!(one(&["key.key.k"]), found("key.k"), "the prefix once");
}
