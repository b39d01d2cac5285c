//! Questions and their answers.

use axum::http::StatusCode;

use crate::club::{CLUBS, Club, line};

#[test]
fn a_conflict_is_answered_each_way_under_the_name_of_who_answered() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let key = CLUBS[0];
    let shown = club.get(Some(&nuala), "/questions").text;
    for text in ["Member 1", "own1@club.example", "m1.1@example.org", "m1.2@example.org", "Both sides changed it"] {
        assert!(shown.contains(text), "{text}");
    }
    for (id, more, email) in [
        ("M1", &[("say", "local")][..], "own1@club.example"),
        ("M2", &[("say", "remote")], "m2.2@example.org"),
        ("M3", &[("say", "value"), ("value", "third@example.org")], "third@example.org"),
        ("M4", &[("say", "value"), ("value", "")], "NULL"),
    ] {
        let page = club.answer(&nuala, key, id, more);
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/questions"), "{}", page.text);
        assert_eq!(club.email(key, id), email);
        let told = club.get(Some(&nuala), "/questions").text;
        assert!(told.contains("Answered: Email of"), "{id}");
        assert!(club.question(&nuala, key, id, "email").text.contains("no longer open"));
    }
    let by = format!(
        "SELECT count(*) FROM \"tripartite_audit/{key}\" WHERE field = 'email' AND json_extract(entry, '$.field.by') = 'nuala'"
    );
    assert_eq!(club.value(&by), "4");
    assert_eq!(club.open_conflicts(key), 10 - 4);
}

#[test]
fn a_value_that_the_field_cannot_have_is_told_and_what_was_typed_stays() {
    let club = Club::new();
    let ciara = club.log_in("ciara");
    let page = club.answer(&ciara, CLUBS[0], "M1", &[("say", "value"), ("value", "not an <address>")]);
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("“Email” cannot be read as an e-mail address."), "{}", page.text);
    assert!(page.text.contains("value=\"not an &lt;address&gt;\""), "{}", page.text);
    assert_eq!(club.email(CLUBS[0], "M1"), "own1@club.example");
}

#[test]
fn a_question_that_moved_is_asked_anew() {
    let club = Club::new();
    let (ciara, key) = (club.log_in("ciara"), CLUBS[0]);
    let print = club.question(&ciara, key, "M1", "email").field("print").unwrap();
    club.edit(&format!("UPDATE \"members/{key}\" SET email = 'newer@club.example' WHERE external_id = 'M1'"));
    let fields = [("reg", key), ("id", "M1"), ("unit", "email"), ("print", &*print), ("say", "remote")];
    let page = club.post(&ciara, "/answer", &fields);
    assert_eq!(page.location(), "/question?reg=ballybeg%2Ffederation&id=M1&unit=email");
    assert_eq!(club.email(key, "M1"), "newer@club.example", "nothing was taken");
    let shown = club.get(Some(&ciara), page.location()).text;
    assert!(shown.contains("has changed since you saw it") && shown.contains("newer@club.example"), "{shown}");
    let again = club.answer(&ciara, key, "M1", &[("say", "remote")]);
    assert_eq!(again.location(), "/questions");
    assert_eq!(club.email(key, "M1"), "m1.2@example.org");
}

#[test]
fn an_answer_is_taken_back_while_the_audit_has_the_value() {
    let club = Club::new();
    let (ciara, key) = (club.log_in("ciara"), CLUBS[0]);
    club.answer(&ciara, key, "M2", &[("say", "remote")]);
    let told = club.get(Some(&ciara), "/questions");
    let seq = told.field("seq").unwrap();
    assert_eq!(club.post(&ciara, "/undo", &[("reg", key), ("seq", &seq)]).location(), "/questions");
    assert_eq!(club.email(key, "M2"), "own2@club.example");
    assert!(club.get(Some(&ciara), "/questions").text.contains("stands again"));
    // Of a value that the audit does not keep there is nothing to take back.
    let print = club.question(&ciara, key, "M1", "secret").field("print").unwrap();
    let fields = [("reg", key), ("id", "M1"), ("unit", "secret"), ("print", &*print), ("say", "remote")];
    club.post(&ciara, "/answer", &fields);
    assert_eq!(club.get(Some(&ciara), "/questions").field("seq"), None);
}

#[test]
fn many_are_answered_as_the_preview_said_or_not_at_all() {
    let club = Club::new();
    let (nuala, key) = (club.log_in("nuala"), CLUBS[0]);
    let address = format!("/many?reg={key}&field=email&clash=BothChanged&say=remote");
    let preview = club.get(Some(&nuala), &address);
    assert!(preview.text.contains("This answers 5 conflicts."), "{}", preview.text);
    let print = preview.field("print").unwrap();
    let fields = [("reg", key), ("field", "email"), ("clash", "BothChanged"), ("say", "remote"), ("print", &*print)];
    club.edit(&format!("UPDATE \"members/{key}\" SET email = 'newer@club.example' WHERE external_id = 'M1'"));
    let moved = club.post(&nuala, "/many", &fields);
    assert_eq!(moved.status, StatusCode::CONFLICT);
    assert!(moved.text.contains("changed since the preview") && moved.text.contains("newer@club.example"));
    assert_eq!(club.open_conflicts(key), 10);
    let print = moved.field("print").unwrap();
    let fields = [("reg", key), ("field", "email"), ("clash", "BothChanged"), ("say", "remote"), ("print", &*print)];
    assert_eq!(club.post(&nuala, "/many", &fields).location(), "/questions");
    assert!(club.get(Some(&nuala), "/questions").text.contains("5 conflicts answered, 0 left open."));
    assert_eq!((club.open_conflicts(key), club.open_conflicts(CLUBS[1])), (5, 10));
    assert_eq!(club.email(key, "M1"), "m1.2@example.org");
}

#[test]
fn many_that_were_answered_together_are_taken_back_together() {
    let club = Club::new();
    let (nuala, key) = (club.log_in("nuala"), CLUBS[0]);
    let preview = club.get(Some(&nuala), &format!("/many?reg={key}&field=email&say=remote"));
    let print = preview.field("print").unwrap();
    club.post(&nuala, "/many", &[("reg", key), ("field", "email"), ("say", "remote"), ("print", &print)]);
    let told = club.get(Some(&nuala), "/questions").text;
    let address = told.split("href=\"/undo?").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let shown = club.get(Some(&nuala), &format!("/undo?{address}"));
    assert!(shown.text.contains("This brings back 5 values."), "{}", shown.text);
    let (run, print) = (shown.field("run").unwrap(), shown.field("print").unwrap());
    let undo = |print: &str| club.post(&nuala, "/undo", &[("reg", key), ("run", &run), ("print", print)]);
    assert_eq!(undo("another").status, StatusCode::CONFLICT, "only what was shown");
    club.edit(&format!("UPDATE \"members/{key}\" SET email = 'since@club.example' WHERE external_id = 'M1'"));
    let moved = undo(&print);
    assert_eq!(moved.status, StatusCode::CONFLICT);
    assert!(moved.text.contains("This brings back 4 values."), "{}", moved.text);
    assert_eq!(club.email(key, "M2"), "m2.2@example.org", "nothing yet");
    undo(&moved.field("print").unwrap());
    assert!(club.get(Some(&nuala), "/questions").text.contains("4 values stand again, 1 were left"));
    assert_eq!(club.email(key, "M1"), "since@club.example");
    for n in 2..=5 {
        assert_eq!(club.email(key, &format!("M{n}")), format!("own{n}@club.example"));
    }
    // What a night wrote is no answer, and is not taken back here.
    let night = club.value(&format!("SELECT run FROM \"tripartite_runs/{key}\" ORDER BY seq LIMIT 1"));
    assert!(club.get(Some(&nuala), &format!("/undo?reg={key}&run={night}")).text.contains("Nothing was overwritten"));
}

#[test]
fn places_are_answered_one_by_one() {
    let club = Club::new();
    let (ciara, key) = (club.log_in("ciara"), CLUBS[0]);
    let listed = |street: &str, town: &str, work: &str| {
        let phones = format!(
            r#""address":{{"street":"{street}","town":"{town}"}},"phones":[{{"type":"work","number":"{work}"}}],"id":"#
        );
        line("M6", "Member 6", "m6@example.org", "1").replace("\"id\":", &phones)
    };
    let night = |text: &str| {
        // One line alone might be an object with a list in it.
        club.list(key, &(text.to_owned() + &line("M9", "Member 9", "m9@example.org", "1")));
        club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key), "--partial"]);
    };
    night(&listed("Quay 1", "Cork", "1"));
    club.edit(&format!(
        "UPDATE \"members/{key}\" SET address = '{{\"street\":\"Hill 2\",\"town\":\"Bray\"}}', \
         phones = '[{{\"type\":\"work\",\"number\":\"2\"}}]' WHERE external_id = 'M6'"
    ));
    night(&listed("Strand 3", "Galway", "3"));
    let page = club.question(&ciara, key, "M6", "address");
    for text in ["Answer place by place", "place./street", "place./town", "Leave open", "Strand 3", "Hill 2"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let say = |unit: &str, places: &[(&str, &str)]| {
        let print = club.question(&ciara, key, "M6", unit).field("print").unwrap();
        let fields = [&[("reg", key), ("id", "M6"), ("unit", unit), ("print", &*print), ("say", "places")], places];
        club.post(&ciara, "/answer", &fields.concat())
    };
    let stands = |field: &str| club.value(&format!("SELECT {field} FROM \"members/{key}\" WHERE external_id = 'M6'"));
    assert_eq!(say("address", &[("place./street", ""), ("place./town", "")]).location(), "/questions");
    assert!(club.get(Some(&ciara), "/questions").text.contains("Choose at least one place."));
    say("address", &[("place./street", "remote"), ("place./town", "")]);
    let address = stands("address");
    assert!(address.contains("Strand 3") && address.contains("Bray"), "{address}");
    let rest = club.question(&ciara, key, "M6", "address").text;
    assert!(rest.contains("place./town") && !rest.contains("place./street"), "the rest stays open: {rest}");
    say("address", &[("place./town", "local")]);
    assert!(club.question(&ciara, key, "M6", "address").text.contains("no longer open"));
    let keyed = club.question(&ciara, key, "M6", "phones").text;
    assert!(keyed.contains("place./type=work/number") && keyed.contains("type=work › number"), "{keyed}");
    say("phones", &[("place./type=work/number", "remote")]);
    assert!(stands("phones").contains("\"3\""), "{}", stands("phones"));
    for place in ["place./nowhere", "place.", "place./street/more"] {
        let print = club.question(&ciara, key, "M5", "email").field("print").unwrap();
        let fields =
            [("reg", key), ("id", "M5"), ("unit", "email"), ("print", &*print), ("say", "places"), (place, "remote")];
        assert!(club.post(&ciara, "/answer", &fields).status.as_u16() < 500, "{place}");
    }
}

#[test]
fn pages_follow_one_another_and_no_question_is_twice() {
    let club = Club::new();
    let root = club.log_in("root");
    let key = CLUBS[0];
    let lines: String =
        (1..=30).map(|n| line(&format!("P{n}"), &format!("Person {n}"), &format!("p{n}@example.org"), "1")).collect();
    club.list(key, &lines);
    club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key), "--partial"]);
    club.edit(&format!("UPDATE \"members/{key}\" SET phone = '2' WHERE external_id LIKE 'P%'"));
    club.list(key, &lines.replace("\"phone\":\"1\"", "\"phone\":\"3\""));
    club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key), "--partial"]);
    let (mut address, mut seen) = (Some("/questions?kind=conflict".to_owned()), Vec::new());
    while let Some(path) = address {
        let page = club.get(Some(&root), &path).text;
        let ids = page.split("data-id=\"").skip(1).map(|rest| {
            let (id, rest) = rest.split_once('"').unwrap();
            (id.to_owned(), rest.split("data-unit=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        });
        let found: Vec<_> = ids.collect();
        assert!(found.len() <= 20);
        seen.extend(found);
        let next = page.split("rel=\"next\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        address = next.map(|next| next.replace("&amp;", "&"));
    }
    assert_eq!(seen.len(), 30 + 20, "{seen:?}");
    let in_two = |id: &str| seen.iter().filter(|(known, _)| known == id).count();
    assert_eq!((in_two("M1"), in_two("P7")), (4, 1), "both clubs have an M1, with two questions");
}

#[test]
fn the_page_speaks_german_when_it_is_asked_to() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    assert_eq!(club.post(&nuala, "/language", &[("lang", "de")]).location(), "/questions");
    let page = club.get(Some(&nuala), "/questions").text;
    assert!(page.contains("<html lang=\"de\">") && page.contains("Beide Seiten haben es geändert"), "{page}");
    // What a run did and why is in the same language: also about whole records, and what it set aside.
    let key = CLUBS[0];
    let twice = line("M6", "Member 6", "a@example.org", "1") + &line("M6", "Member 6", "b@example.org", "1");
    club.list(
        key,
        &(line("M1", "Member 1", "m1.2@example.org", "1") + &twice + &line("N1", "Nobody", "n@example.org", "1")),
    );
    club.nightly_any(&["run", "--key", key, "--remote", &club.listing(key), "--partial"]);
    let run = club.value(&format!("SELECT run FROM \"tripartite_runs/{key}\" ORDER BY seq DESC LIMIT 1"));
    let page = club.get(Some(&nuala), &format!("/run?reg={key}&run={run}")).text;
    assert!(page.contains("Die Liste hat diesen Datensatz zweimal, und nicht gleich."), "{page}");
    assert_eq!(page.matches("lang=\"en\"").count(), 1, "nothing is English but the other language's name: {page}");
}

#[test]
fn runs_tell_what_changed_and_are_searched_by_person() {
    let club = Club::new();
    let nuala = club.log_in("nuala");
    let run = club.value("SELECT run FROM \"tripartite_runs/ballybeg/federation\" ORDER BY seq DESC LIMIT 1");
    let list = club.get(Some(&nuala), "/runs").text;
    assert!(list.contains("<svg") && list.contains("/run?reg=ballybeg%2Ffederation"), "{list}");
    let page = club.get(Some(&nuala), &format!("/run?reg=ballybeg/federation&run={run}")).text;
    assert!(page.contains("Member 6") && page.contains("m6.") && page.contains("Member 1"), "{page}");
    let found = club.get(Some(&nuala), &format!("/run?reg=ballybeg/federation&run={run}&who=member%206")).text;
    assert!(found.contains("Member 6") && !found.contains("Member 1"));
    let report = club.get(Some(&nuala), &format!("/report?reg=ballybeg/federation&run={run}"));
    assert!(report.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert!(report.text.contains("Questions for a person"));
}
