//! The catalogue: every text of the page, in every language. One that lacks a language does not compile.

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl Lang {
    /// All, with what each calls itself.
    pub const ALL: [(Self, &'static str); 2] = [(Self::En, "English"), (Self::De, "Deutsch")];

    /// Its tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The language of a tag.
    pub fn of(tag: &str) -> Option<Self> {
        Self::ALL.iter().map(|(lang, _)| *lang).find(|lang| lang.tag() == tag)
    }

    /// The first language of an `Accept-Language` that the page has. Weights are not read: browsers send the languages in
    /// their order.
    ///
    /// ```
    /// use sync_server::web::Lang;
    /// assert_eq!(Lang::asked("fr-CH, de;q=0.9, en;q=0.8"), Lang::De);
    /// assert_eq!(Lang::asked("xx"), Lang::En);
    /// ```
    pub fn asked(header: &str) -> Self {
        let tags = header.split(',').filter_map(|part| part.trim().split([';', '-']).next());
        tags.filter_map(|tag| Self::of(&tag.to_ascii_lowercase())).next().unwrap_or_default()
    }
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident: $en:literal, $de:literal;)+) => {
        /// A text of the page. What stands in braces is filled in by [`fill`](Self::fill).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum T {
            $($(#[$doc])* #[doc = $en] $name,)+
        }

        impl T {
            /// The text in a language.
            pub fn text(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$name, Lang::En) => $en, (Self::$name, Lang::De) => $de,)+
                }
            }

            /// All of them, each with its name.
            pub const ALL: &[(&'static str, Self)] = &[$((stringify!($name), Self::$name)),+];
        }
    };
}

impl T {
    /// The text in a language, with what is named in braces. What is filled in is no markup and is not looked at again.
    ///
    /// ```
    /// use sync_server::web::{Lang, T};
    /// assert_eq!(T::Since.fill(Lang::De, &[("at", "{at} gestern")]), "seit {at} gestern");
    /// ```
    pub fn fill(self, lang: Lang, with: &[(&str, &str)]) -> String {
        filled(self.text(lang), with)
    }
}

/// A text with what is named in braces.
pub(super) fn filled(text: &str, with: &[(&str, &str)]) -> String {
    let (mut text, mut rest) = (String::new(), text);
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let Some(close) = from.find('}') else { break };
        let name = &from[1..close];
        text.push_str(with.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = &from[close + 1..];
    }
    text.push_str(rest);
    text
}

catalogue! {
    Title: "Sync", "Abgleich";
    Skip: "Skip to the content", "Zum Inhalt springen";
    Navigation: "Main", "Hauptnavigation";
    Questions: "Questions", "Fragen";
    Runs: "Runs", "Läufe";
    Status: "Status", "Zustand";
    Language: "Language", "Sprache";
    SignedIn: "Signed in as {name}", "Angemeldet als {name}";
    LogIn: "Log in", "Anmelden";
    LogOut: "Log out", "Abmelden";
    Name: "Name", "Name";
    Password: "Password", "Kennwort";
    WrongLogIn: "Name or password is wrong.", "Name oder Kennwort ist falsch.";
    TooMany: "Too many attempts. Try again in {minutes} minutes.", "Zu viele Versuche. Bitte in {minutes} Minuten wieder.";
    Expired: "This form was open for too long. Please try once more.", "Dieses Formular war zu lange offen. Bitte noch einmal.";
    LocalOnly: "This server has no users. Open the link that it printed when it started; it works once.", "Dieser Server hat keine Benutzer. Bitte den Link öffnen, den er beim Start ausgegeben hat; er gilt einmal.";
    NotFound: "There is nothing here, or it is not yours to see.", "Hier ist nichts, oder es ist nicht für Sie bestimmt.";
    NotAllowed: "You may not do this.", "Das dürfen Sie nicht.";
    Trouble: "The database could not be used just now. Nothing was changed. Please try again.", "Die Datenbank war gerade nicht zu benutzen. Nichts wurde geändert. Bitte noch einmal versuchen.";
    ErrorTitle: "That did not work", "Das ging nicht";
    Back: "Back to the questions", "Zurück zu den Fragen";
    Open: "{count} open", "{count} offen";
    NoQuestions: "Nothing waits for you. Every record is in step, or a rule decides.", "Nichts wartet auf Sie. Alles ist abgeglichen, oder eine Regel entscheidet.";
    QuestionsLead: "No rule decides these. What is here stays until somebody answers.", "Hier entscheidet keine Regel. Was hier steht, bleibt, bis jemand antwortet.";
    Register: "Register", "Verzeichnis";
    AllRegisters: "All registers", "Alle Verzeichnisse";
    Unnamed: "Members", "Mitglieder";
    Show: "Show", "Zeigen";
    Kind: "Kind", "Art";
    AllKinds: "Every kind", "Jede Art";
    KindConflict: "Conflict", "Konflikt";
    KindMatch: "Who is who", "Wer ist wer";
    KindBlocked: "Blocked plan", "Gesperrter Plan";
    KindWhole: "Whole record", "Ganzer Datensatz";
    Next: "Next page", "Nächste Seite";
    First: "First page", "Erste Seite";
    Pages: "Pages", "Seiten";
    Since: "since {at}", "seit {at}";
    Before: "When both last agreed", "Als beide zuletzt gleich waren";
    Here: "Here", "Hier";
    Source: "At the source", "In der Quelle";
    Never: "they never did", "nie";
    Empty: "empty", "leer";
    Hidden: "not shown to you", "für Sie nicht sichtbar";
    NotThere: "not there", "nicht vorhanden";
    KeepHere: "Keep what is here", "Den Stand hier behalten";
    TakeSource: "Take the source’s", "Den der Quelle nehmen";
    Another: "Enter something else", "Etwas anderes eintragen";
    Save: "Save this", "Das speichern";
    WholeField: "the whole record", "der ganze Datensatz";
    Edited: "Somebody edited it here since.", "Seitdem hat es hier jemand geändert.";
    At: "They differ at {places}.", "Sie unterscheiden sich bei {places}.";
    WhyNoBase: "The two sides differ, and no earlier sync says who changed it. The rule “{rule}” leaves it to a person.", "Die beiden Seiten sind verschieden, und kein früherer Abgleich sagt, wer es geändert hat. Die Regel „{rule}“ überlässt es einem Menschen.";
    WhyBothSet: "Both sides entered it, differently. The rule “{rule}” leaves it to a person.", "Beide Seiten haben es eingetragen, jede anders. Die Regel „{rule}“ überlässt es einem Menschen.";
    WhyBothChanged: "Both sides changed it, differently. The rule “{rule}” leaves it to a person.", "Beide Seiten haben es geändert, jede anders. Die Regel „{rule}“ überlässt es einem Menschen.";
    WhyLocalCleared: "The source changed it while somebody here emptied it. The rule “{rule}” leaves it to a person.", "Die Quelle hat es geändert, während es hier jemand geleert hat. Die Regel „{rule}“ überlässt es einem Menschen.";
    WhyRemoteCleared: "The source emptied it while somebody here changed it. The rule “{rule}” leaves it to a person.", "Die Quelle hat es geleert, während es hier jemand geändert hat. Die Regel „{rule}“ überlässt es einem Menschen.";
    WhyReplaced: "The source changed everything that says who this is. Its id may have been given to somebody else.", "Die Quelle hat alles geändert, woran man diese Person erkennt. Die Nummer gehört vielleicht jetzt jemand anderem.";
    WhyRemoved: "Somebody here removed this record, and the source changed it. It stays removed until you decide.", "Jemand hat diesen Datensatz hier entfernt, und die Quelle hat ihn geändert. Er bleibt entfernt, bis Sie entscheiden.";
    WhyEnded: "Somebody edited this record here, and the source no longer has it. It is inactive until you decide.", "Jemand hat diesen Datensatz hier geändert, und die Quelle hat ihn nicht mehr. Er ist inaktiv, bis Sie entscheiden.";
    SamePerson: "The same person", "Dieselbe Person";
    OtherPerson: "Another person", "Eine andere Person";
    StayRemoved: "Leave it removed", "Entfernt lassen";
    TakeBack: "Take it back, as the source has it", "Zurückholen, wie die Quelle es hat";
    StayInactive: "Leave it inactive", "Inaktiv lassen";
    KeepMember: "Keep the member, as it is here", "Das Mitglied behalten, wie es hier ist";
    MatchFound: "A match rule ({rule}) finds the record {id} of the source in this member.", "Eine Regel ({rule}) erkennt in diesem Mitglied den Datensatz {id} der Quelle.";
    MatchRenamed: "The source no longer lists {was}, and lists {id} instead. It may be the same person under a new id.", "Die Quelle führt {was} nicht mehr, dafür {id}. Vielleicht ist es dieselbe Person unter neuer Nummer.";
    MatchAmbiguous: "The record {id} of the source could be more than one member here.", "Der Datensatz {id} der Quelle könnte hier mehrere Mitglieder meinen.";
    MatchHolds: "A match rule ({rule}) finds the record {id} of the source in this member, who is linked to {holds} already.", "Eine Regel ({rule}) erkennt in diesem Mitglied den Datensatz {id} der Quelle; es ist aber schon mit {holds} verbunden.";
    Member: "Member {local}", "Mitglied {local}";
    MemberLinked: "Member {local}, linked to {id}", "Mitglied {local}, verbunden mit {id}";
    Record: "Record {id} of the source", "Datensatz {id} der Quelle";
    OnlySource: "A link is never moved. If they are one person, put the id right at the source.", "Eine Verbindung wird nie verschoben. Ist es dieselbe Person, bitte die Nummer in der Quelle berichtigen.";
    BlockedWhy: "A guard stopped this run, and nothing was written.", "Eine Sicherung hat diesen Lauf gestoppt, und nichts wurde geschrieben.";
    BlockedApply: "Apply this plan", "Diesen Plan ausführen";
    BlockedDrop: "Not this plan", "Diesen Plan nicht";
    BlockedWill: "Applying reads the listing anew and carries out exactly this plan; if anything has changed since, nothing is done and you are asked again. Dropping it writes nothing.", "Das Ausführen liest die Liste neu und tut genau, was der Plan sagt; hat sich etwas geändert, geschieht nichts, und Sie werden neu gefragt. Verwerfen schreibt nichts.";
    Plan: "Plan {plan}", "Plan {plan}";
    Answered: "Answered: {field} of {who}.", "Beantwortet: {field} von {who}.";
    Undo: "Undo", "Rückgängig";
    Undone: "The value from before stands again.", "Der Wert von vorher steht wieder da.";
    Linked: "{local} is {id}. The next run merges the two.", "{local} ist {id}. Der nächste Lauf führt beide zusammen.";
    Unlinked: "{local} is not {id}. Nobody is asked about the two again.", "{local} ist nicht {id}. Danach wird nicht mehr gefragt.";
    Passed: "The plan was carried out.", "Der Plan wurde ausgeführt.";
    PlanMoved: "The plan has changed since you saw it. Nothing was written; this is what it would do now.", "Der Plan hat sich geändert, seit Sie ihn gesehen haben. Nichts wurde geschrieben; so sähe er jetzt aus.";
    PassedFree: "The listing has changed, and no guard stops it any more. The run was carried out.", "Die Liste hat sich geändert, und keine Sicherung hält sie mehr auf. Der Lauf wurde ausgeführt.";
    Dropped: "The plan was dropped. Nothing was written.", "Der Plan wurde verworfen. Nichts wurde geschrieben.";
    Moved: "This question has changed since you saw it. Your answer was not taken; this is how it stands now.", "Diese Frage hat sich geändert, seit Sie sie gesehen haben. Ihre Antwort wurde nicht übernommen; so steht sie jetzt.";
    Gone: "This question is no longer open: somebody answered it, or both sides agree by now.", "Diese Frage ist nicht mehr offen: Jemand hat sie beantwortet, oder beide Seiten stimmen inzwischen überein.";
    Refused: "That cannot be saved: {problem}", "Das kann nicht gespeichert werden: {problem}";
    Invalid: "“{field}” cannot be read as {kind}.", "„{field}“ ist nicht als {kind} zu lesen.";
    KindText: "a text", "Text";
    KindName: "a name", "Name";
    KindEmail: "an e-mail address", "E-Mail-Adresse";
    KindPhone: "a phone number", "Telefonnummer";
    KindDate: "a date", "Datum";
    KindNumber: "a number", "Zahl";
    KindBoolean: "yes or no", "Ja oder Nein";
    KindOther: "a value of this field", "Wert dieses Feldes";
    Yes: "yes", "ja";
    No: "no", "nein";
    OnePerLine: "one per line", "eines je Zeile";
    AsJson: "as JSON", "als JSON";
    Many: "Answer many at once", "Viele auf einmal beantworten";
    ManyLead: "Choose which conflicts you mean and what is right. You see what it will do before anything is written.", "Wählen Sie, welche Konflikte gemeint sind und was stimmt. Sie sehen vorher, was geschehen wird.";
    Field: "Field", "Feld";
    AllFields: "Every field", "Jedes Feld";
    Clash: "How they collide", "Wie sie sich widersprechen";
    AllClashes: "In every way", "Auf jede Weise";
    ClashNoBase: "never agreed", "waren nie gleich";
    ClashBothSet: "both entered it", "beide haben es eingetragen";
    ClashBothChanged: "both changed it", "beide haben es geändert";
    ClashLocalCleared: "emptied here", "hier geleert";
    ClashRemoteCleared: "emptied at the source", "in der Quelle geleert";
    Answer: "Answer", "Antwort";
    Preview: "Show what it will do", "Zeigen, was geschehen wird";
    WillDo: "This answers {count} conflicts.", "Das beantwortet {count} Konflikte.";
    WillNone: "No conflict is meant.", "Kein Konflikt ist gemeint.";
    WillLeave: "{count} stay open, because the answer does not fit them.", "{count} bleiben offen, weil die Antwort nicht passt.";
    WillFirst: "The first of them, as each will be:", "Die ersten davon, wie sie dann sind:";
    DoMany: "Answer these {count}", "Diese {count} beantworten";
    DidMany: "{count} conflicts answered, {left} left open.", "{count} Konflikte beantwortet, {left} bleiben offen.";
    ManyMoved: "What is meant has changed since the preview. Nothing was written; this is what it would do now.", "Was gemeint ist, hat sich seit der Vorschau geändert. Nichts wurde geschrieben; so wäre es jetzt.";
    From: "now", "jetzt";
    To: "then", "dann";
    Who: "Who", "Wer";
    LastRuns: "Changes over the last {count} runs", "Änderungen in den letzten {count} Läufen";
    NoRuns: "Nothing ran yet.", "Noch gab es keinen Lauf.";
    Run: "Run", "Lauf";
    Outcome: "Outcome", "Ergebnis";
    Succeeded: "succeeded", "gelungen";
    Partial: "in part", "teilweise";
    Blocked: "blocked", "gesperrt";
    Failed: "failed", "gescheitert";
    Processed: "read", "gelesen";
    Created: "new", "neu";
    Updated: "updated", "geändert";
    Deactivated: "left", "ausgetreten";
    Reactivated: "back", "zurück";
    Quarantined: "set aside", "beiseitegelegt";
    ConflictsOpen: "open conflicts", "offene Konflikte";
    Changes: "What changed", "Was sich geändert hat";
    ChangesNone: "No field was changed.", "Kein Feld wurde geändert.";
    ChangesMore: "Keep looking", "Weiter suchen";
    Search: "Person", "Person";
    SearchHint: "name or id", "Name oder Nummer";
    Find: "Find", "Suchen";
    Print: "Printable report", "Druckbarer Bericht";
    Was: "before", "vorher";
    Is: "after", "nachher";
    Why: "Why", "Warum";
    By: "by {name}", "von {name}";
    Job: "Job", "Auftrag";
    Schedule: "Schedule", "Zeitplan";
    Health: "Source", "Quelle";
    NextProbe: "asked again at {at}", "wieder gefragt um {at}";
    Failures: "{count} failures in a row", "{count} Fehler hintereinander";
    Healthy: "answers", "antwortet";
    Idle: "idle", "ruht";
    WaitsUntil: "waits until {at}", "wartet bis {at}";
    WaitsSince: "waits since {at}", "wartet seit {at}";
    RunsBy: "runs since {at}: {done} records so far", "läuft seit {at}: bisher {done} Datensätze";
    Stopping: "asked to stop", "soll anhalten";
    Dead: "given up since {at}: {why}", "aufgegeben seit {at}: {why}";
    Paused: "paused", "angehalten";
    NotEnrolled: "run by hand, without a job", "von Hand abgeglichen, ohne Auftrag";
    LastEnded: "Last attempt", "Letzter Versuch";
    History: "History", "Verlauf";
    DoTrigger: "Run now", "Jetzt abgleichen";
    WillTrigger: "A worker reads the whole listing and syncs it.", "Ein Prozess liest die ganze Liste und gleicht sie ab.";
    DoPause: "Pause", "Anhalten";
    WillPause: "No run begins until it is resumed. One that runs goes on.", "Kein Lauf beginnt, bis es weitergeht. Ein laufender geht zu Ende.";
    DoResume: "Resume", "Fortsetzen";
    WillResume: "Runs may begin again.", "Läufe dürfen wieder beginnen.";
    DoCancel: "Cancel", "Abbrechen";
    WillCancel: "A waiting job and a held plan are dropped; a running one is asked to stop.", "Ein wartender Auftrag und ein gesperrter Plan werden verworfen; ein laufender soll anhalten.";
    DoRedrive: "Try again", "Noch einmal versuchen";
    WillRedrive: "A job that was given up begins anew with its first attempt.", "Ein aufgegebener Auftrag beginnt wieder mit dem ersten Versuch.";
    DoReset: "Reset", "Zurücksetzen";
    WillReset: "The source is asked again at once, and times that a wrong clock left are set back.", "Die Quelle wird sofort wieder gefragt, und Zeiten einer falschen Uhr werden berichtigt.";
    Live: "live", "live";
    Unreadable: "cannot be read, and is left alone", "nicht lesbar, bleibt unberührt";
    Done: "Done: {what}", "Erledigt: {what}";
    RefusedCommand: "Nothing to do: it is not in a state for this.", "Nichts zu tun: Der Zustand passt nicht dazu.";
    BecauseConverged: "Both sides made the same change.", "Beide Seiten haben dasselbe geändert.";
    BecauseAdopted: "Both sides had the same when they first met.", "Beide Seiten hatten von Anfang an dasselbe.";
    BecauseTookRemote: "Only the source changed it; its value was taken.", "Nur die Quelle hat es geändert; ihr Wert gilt.";
    BecauseKeptLocal: "The source changed it; by the rule “{rule}” the value here was kept.", "Die Quelle hat es geändert; nach der Regel „{rule}“ bleibt der Wert hier.";
    BecauseMerged: "Both changes were merged.", "Beide Änderungen wurden zusammengeführt.";
    BecauseReverted: "It was edited here, and by the rule “{rule}” the edit was undone; the audit keeps it.", "Es wurde hier geändert, und nach der Regel „{rule}“ zurückgesetzt; das Protokoll bewahrt es.";
    BecauseEditStays: "It was edited here and the source did not change it; the edit stays.", "Es wurde hier geändert und die Quelle nicht; die Änderung bleibt.";
    DialledHere: "By {by}, the number here is read as dialled in {here}.", "Nach {by} ist die Nummer hier in {here} gewählt.";
    DialledBoth: "By {by}, the number here was read as dialled in {here}, and the source’s in {there}.", "Nach {by} ist die Nummer hier in {here} gewählt, und die der Quelle in {there}.";
    BecauseBothTook: "Both sides changed it; by the rule “{rule}” the source’s value was taken, and the audit keeps the other.", "Beide Seiten haben es geändert; nach der Regel „{rule}“ gilt die Quelle, und das Protokoll bewahrt den anderen Wert.";
    BecauseBothKept: "Both sides changed it; by the rule “{rule}” the value here was kept.", "Beide Seiten haben es geändert; nach der Regel „{rule}“ bleibt der Wert hier.";
    BecauseOpen: "The sides differ; by the rule “{rule}” a person decides.", "Die Seiten widersprechen sich; nach der Regel „{rule}“ entscheidet ein Mensch.";
    BecauseInvalid: "What the source says cannot be read; the value here stays.", "Was die Quelle sagt, ist nicht lesbar; der Wert hier bleibt.";
    BecauseAskedLocal: "A person kept the value here.", "Ein Mensch hat den Wert hier behalten.";
    BecauseAskedRemote: "A person took the source’s value; the audit keeps the one from here.", "Ein Mensch hat den Wert der Quelle genommen; das Protokoll bewahrt den von hier.";
    BecauseAskedValue: "A person entered another value; the audit keeps the one from here.", "Ein Mensch hat einen anderen Wert eingetragen; das Protokoll bewahrt den von hier.";
    BecauseRestored: "A person brought back an earlier value; the audit keeps the one it replaced.", "Ein Mensch hat einen früheren Wert zurückgeholt; das Protokoll bewahrt den ersetzten.";
    BecauseInSync: "All sides agree.", "Alle Seiten stimmen überein.";
    BecauseNotReported: "The source said nothing about it; nothing changes.", "Die Quelle sagt nichts dazu; nichts ändert sich.";
    BecauseNothing: "Nothing was done.", "Nichts wurde getan.";
    BecauseReplaced: "The source changed {fields} at once, and with it everything that says who this is. A person decides whether it is the same one.", "Die Quelle hat {fields} auf einmal geändert, und damit alles, woran man diesen Datensatz erkennt. Ein Mensch entscheidet, ob es derselbe ist.";
    BecauseEnded: "Somebody here edited {fields}, and the source no longer has this record. A person decides whether it stays inactive.", "Jemand hat hier {fields} geändert, und die Quelle hat diesen Datensatz nicht mehr. Ein Mensch entscheidet, ob er inaktiv bleibt.";
    BecauseRemoved: "Somebody here removed this record, and the source changed {fields}. It stays removed until somebody decides.", "Jemand hat diesen Datensatz hier entfernt, und die Quelle hat {fields} geändert. Er bleibt entfernt, bis jemand entscheidet.";
    RecordStale: "What the source sent is older than what was decided on, so it was ignored.", "Was die Quelle gesandt hat, ist älter als der entschiedene Stand und wurde nicht beachtet.";
    RecordRemoved: "The source changed this record, but somebody here removed it, so it stays removed.", "Die Quelle hat diesen Datensatz geändert, aber jemand hat ihn hier entfernt; er bleibt entfernt.";
    RecordReplaced: "Every field that says who this is changed at the source at once: its id may have been given to somebody else. Nothing was written, and a person decides whether it is the same one.", "In der Quelle hat sich auf einmal alles geändert, woran man diesen Datensatz erkennt: Die Nummer gehört vielleicht jemand anderem. Nichts wurde geschrieben, und ein Mensch entscheidet, ob es derselbe ist.";
    RecordReappeared: "The source lists this record again, so it is active again.", "Die Quelle führt diesen Datensatz wieder, also ist er wieder aktiv.";
    RecordCreated: "The source has this record and nothing here is linked to it, so it was created.", "Die Quelle hat diesen Datensatz, und hier ist nichts mit ihm verbunden; er wurde angelegt.";
    RecordMissing: "The source’s complete listing no longer has this record, so it was marked inactive.", "Die vollständige Liste der Quelle hat diesen Datensatz nicht mehr; er ist jetzt inaktiv.";
    RecordGone: "The source says that this record is gone, so it was marked inactive.", "Die Quelle sagt, dass es diesen Datensatz nicht mehr gibt; er ist jetzt inaktiv.";
    RecordMissingEdited: "The source’s complete listing no longer has this record, but somebody here edited {fields}. It was marked inactive, and a person decides whether it stays so.", "Die vollständige Liste der Quelle hat diesen Datensatz nicht mehr, aber jemand hat hier {fields} geändert. Er ist inaktiv, und ein Mensch entscheidet, ob das so bleibt.";
    RecordGoneEdited: "The source says that this record is gone, but somebody here edited {fields}. It was marked inactive, and a person decides whether it stays so.", "Die Quelle sagt, dass es diesen Datensatz nicht mehr gibt, aber jemand hat hier {fields} geändert. Er ist inaktiv, und ein Mensch entscheidet, ob das so bleibt.";
    RecordKeptActive: "The source still does not have this record, but somebody here made it active again, so it stays active.", "Die Quelle hat diesen Datensatz noch immer nicht, aber jemand hat ihn hier wieder aktiviert; er bleibt aktiv.";
    RecordFound: "The match rule “{rule}” says that record {local} here is this one; the two were linked.", "Nach der Regel „{rule}“ ist Datensatz {local} hier derselbe; beide wurden verbunden.";
    RecordRekeyed: "The source called this record {from} before; its link and base moved with it.", "Die Quelle hat diesen Datensatz früher {from} genannt; die Verbindung ist mitgegangen.";
    RecordLeftRemoved: "It was removed here and changed at the source; a person left it removed.", "Er war hier entfernt und in der Quelle geändert; ein Mensch hat ihn entfernt gelassen.";
    RecordTakenBack: "It was removed here and changed at the source; a person took it back.", "Er war hier entfernt und in der Quelle geändert; ein Mensch hat ihn zurückgeholt.";
    RecordSame: "A person said that the source still means the same one by this id, and took what it says.", "Ein Mensch hat gesagt, dass die Quelle mit dieser Nummer noch denselben meint, und ihren Stand genommen.";
    RecordAnother: "A person said that the source means another one by this id; this one gave the id up.", "Ein Mensch hat gesagt, dass die Quelle mit dieser Nummer jemand anderen meint; dieser hat sie abgegeben.";
    RecordLeftInactive: "It was edited here and the source no longer has it; a person left it inactive.", "Er war hier geändert, und die Quelle hat ihn nicht mehr; ein Mensch hat ihn inaktiv gelassen.";
    RecordKeptOn: "It was edited here and the source no longer has it; a person took it back.", "Er war hier geändert, und die Quelle hat ihn nicht mehr; ein Mensch hat ihn zurückgeholt.";
    RecordLinked: "A person said that record {local} here is this one; the two were linked.", "Ein Mensch hat gesagt, dass Datensatz {local} hier derselbe ist; beide wurden verbunden.";
    RecordRenamed: "A person said that the record which the source called {from} is this one; its link and base moved.", "Ein Mensch hat gesagt, dass dies der Datensatz ist, den die Quelle {from} nannte; die Verbindung ist mitgegangen.";
    RecordParted: "A person said that {other} of the source is not this record.", "Ein Mensch hat gesagt, dass {other} der Quelle nicht dieser Datensatz ist.";
    RecordRejected: "A person said that record {local} here is not this one.", "Ein Mensch hat gesagt, dass Datensatz {local} hier nicht dieser ist.";
    RecordDouble: "A person said that record {double} here is record {local}, and was entered twice; it gave {id} up, and keeps its values.", "Ein Mensch hat gesagt, dass Datensatz {double} hier derselbe wie {local} ist und doppelt war; er hat {id} abgegeben und behält seine Werte.";
    Aside: "What was set aside", "Was beiseitegelegt wurde";
    AsideShared: "Several records here have this id; a person decides which of them it is.", "Mehrere Datensätze hier haben diese Nummer; welcher gemeint ist, entscheidet ein Mensch.";
    AsideContradicted: "The listing has this record twice, and not the same.", "Die Liste hat diesen Datensatz zweimal, und nicht gleich.";
    AsideTwoSpellings: "This id and another spelling of it are one, and stand for two records.", "Diese Nummer und eine andere Schreibweise sind dieselbe und stehen für zwei Datensätze.";
    AsideGivenTwice: "The source gave {to} to this record, and an id is given twice.", "Die Quelle hat diesem Datensatz {to} gegeben, und eine Nummer ist doppelt vergeben.";
    AsideMoveContradicted: "The source says that this record has another id, and contradicts itself.", "Die Quelle sagt, dass dieser Datensatz eine andere Nummer hat, und widerspricht sich.";
    AsideOriginContradicted: "The source may have called this record otherwise before, and contradicts itself.", "Die Quelle hat diesen Datensatz vielleicht früher anders genannt und widerspricht sich.";
    AsideMoveShared: "The source gave this record another id, and several records here have one of the two.", "Die Quelle hat diesem Datensatz eine andere Nummer gegeben, und mehrere Datensätze hier haben eine der beiden.";
    AsideIdTaken: "The source gave this id to the record {from}, but another record here has it.", "Die Quelle hat diese Nummer dem Datensatz {from} gegeben, aber ein anderer Datensatz hier hat sie.";
    AsideRequired: "“{field}” is required, and has no valid value.", "„{field}“ ist nötig und hat keinen gültigen Wert.";
    AsideMatch: "Who this is, a person decides; it is among the questions.", "Wer das ist, entscheidet ein Mensch; es steht bei den Fragen.";
    GuardEmpty: "The listing is complete but empty, while here the number of active records is {population}.", "Die Liste ist vollständig, aber leer; aktiv sind hier {population} Datensätze.";
    GuardDeactivations: "{count} of {population} records would be deactivated, because the listing no longer has them. Without approval at most {limit}.", "Von {population} Datensätzen würden {count} inaktiv, weil die Liste sie nicht mehr hat. Ohne Freigabe höchstens {limit}.";
    GuardCreations: "{count} new records would be created; active here: {population}. Without approval at most {limit}.", "Neu angelegt würden {count} Datensätze; aktiv sind hier {population}. Ohne Freigabe höchstens {limit}.";
    GuardLinks: "{count} records would be linked to a record here that has no id yet; linked before: {population}. Without approval at most {limit}.", "Mit einem Datensatz hier ohne Nummer würden {count} verbunden; verbunden waren {population}. Ohne Freigabe höchstens {limit}.";
    GuardUpdates: "{count} of {population} records would be changed. Without approval at most {limit}.", "Von {population} Datensätzen würden {count} geändert. Ohne Freigabe höchstens {limit}.";
    GuardQuarantined: "{count} of {population} records of the listing were set aside: they cannot be read, contradict each other, or cannot be told apart. Without approval at most {limit}.", "Von {population} Datensätzen der Liste wurden {count} beiseitegelegt: nicht lesbar, widersprüchlich oder nicht zu unterscheiden. Ohne Freigabe höchstens {limit}.";
    GuardTakeovers: "{count} of {population} records would take over the identity of another one here, as if ids were mixed up. Without approval at most {limit}.", "Von {population} Datensätzen würden {count} die Identität eines anderen hier übernehmen, als wären Nummern vertauscht. Ohne Freigabe höchstens {limit}.";
    GuardEmptied: "“{field}” is empty in {count} of {population} records where the source used to fill it. Without approval at most {limit}.", "„{field}“ ist in {count} von {population} Datensätzen leer, wo die Quelle es bisher füllte. Ohne Freigabe höchstens {limit}.";
    GuardChanged: "“{field}” would be changed in {count} of {population} records. Without approval at most {limit}.", "„{field}“ würde in {count} von {population} Datensätzen geändert. Ohne Freigabe höchstens {limit}.";
    GuardPolicy: "The plan was made under other rules than this run has.", "Der Plan wurde nach anderen Regeln gemacht, als dieser Lauf sie hat.";
    LimitHalf: "half", "die Hälfte";
    LimitNone: "none", "keiner";
    LimitOr: "{one} or {other}", "{one} oder {other}";
    DecideNotOpen: "“{unit}” is no open question: it was decided, or the sides agree.", "„{unit}“ ist keine offene Frage: Sie ist entschieden, oder die Seiten stimmen überein.";
    DecideNoSuchUnit: "There is no field “{unit}” any more.", "Das Feld „{unit}“ gibt es nicht mehr.";
    DecideTwice: "“{unit}” is answered twice.", "„{unit}“ ist zweimal beantwortet.";
    DecideAllPlaces: "The sides never agreed about “{unit}”, so its {open} open places are answered together.", "Bei „{unit}“ waren die Seiten nie gleich, darum werden alle {open} offenen Stellen zusammen beantwortet.";
    DecideOtherKey: "The value for “{place}” belongs to another entry.", "Der Wert für „{place}“ gehört zu einem anderen Eintrag.";
    DecideWholeRecord: "A whole record has no value to enter.", "Für einen ganzen Datensatz gibt es keinen Wert einzutragen.";
    DecideNotAlone: "The question about the whole record comes first.", "Zuerst ist die Frage nach dem ganzen Datensatz dran.";
    DecideNoTuple: "“{group}” is decided as one: all of its fields, and no others.", "„{group}“ wird als Ganzes entschieden: alle Felder davon und keine anderen.";
    DecideEnforced: "In “{unit}” the source always wins: the next run would bring its value back.", "Bei „{unit}“ gilt immer die Quelle: Der nächste Lauf brächte ihren Wert zurück.";
    DecideRemoved: "The record was removed here, so there is nothing to write to.", "Der Datensatz wurde hier entfernt; es gibt nichts zu schreiben.";
    DecideNotKept: "The audit does not keep “{field}” as it was, so nothing can be brought back.", "Das Protokoll bewahrt „{field}“ nicht im Klartext; es lässt sich nicht zurückholen.";
    DecideOpen: "A question about “{unit}” is open and is to be decided first.", "Zu „{unit}“ ist eine Frage offen, die zuerst zu entscheiden ist.";
    DecideEdited: "It was edited here, and that would stay with the record that becomes inactive.", "Er wurde hier geändert, und das bliebe bei dem Datensatz, der inaktiv wird.";
    DecideLongId: "Its id is too long to be given up.", "Die Nummer ist zu lang, um abgegeben zu werden.";
    DecideNothingOverwritten: "Nothing of “{field}” was overwritten.", "Von „{field}“ wurde nichts überschrieben.";
    DecideInPlace: "“{field}” has this value already.", "„{field}“ hat diesen Wert schon.";
    DecidePartOfGroup: "“{group}” is decided as one, and of “{field}” nothing is kept.", "„{group}“ wird als Ganzes entschieden, und von „{field}“ ist nichts bewahrt.";
    DecideMoved: "Somebody has changed this since.", "Das hat inzwischen jemand geändert.";
    DecideHasAnother: "{local} is linked to {holds} already, and a link is never moved.", "{local} ist schon mit {holds} verbunden, und eine Verbindung wird nie verschoben.";
    DecideIsAnothers: "{id} is linked to {holds} here already.", "{id} ist hier schon mit {holds} verbunden.";
    DecideNobody: "There is no member {local} here.", "Ein Mitglied {local} gibt es hier nicht.";
    DecideNoRecord: "No member is linked to {id}.", "Mit {id} ist kein Mitglied verbunden.";
    DecideDeleted: "Its row was deleted. Enter it anew with its id, and the next run fills it.", "Die Zeile wurde gelöscht. Bitte mit der Nummer neu eintragen; der nächste Lauf füllt sie.";
    DecideNoEntry: "The audit has no such entry.", "Einen solchen Eintrag hat das Protokoll nicht.";
    DecideNoJson: "This is not JSON.", "Das ist kein JSON.";
    Places: "Answer place by place", "Stelle für Stelle beantworten";
    PlacesLead: "What you do not choose stays open.", "Was Sie nicht wählen, bleibt offen.";
    PlacesTogether: "The sides never agreed here, so all places are answered together.", "Hier waren die Seiten nie gleich, darum werden alle Stellen zusammen beantwortet.";
    PlacesNone: "Choose at least one place.", "Bitte mindestens eine Stelle wählen.";
    PlacesNever: "This is decided as a whole.", "Das wird als Ganzes entschieden.";
    LeaveOpen: "Leave open", "Offen lassen";
    AsIs: "Here", "Hier";
    SourceSays: "The source says", "Die Quelle sagt";
    SourceUnkept: "Its values are not kept; the next run brings them.", "Ihre Werte sind nicht bewahrt; der nächste Lauf bringt sie.";
    BlockedByHand: "It was a run by hand. Applying carries out this plan as it is stored, without reading the source; records that were edited since are planned anew or skipped. Dropping it writes nothing.", "Es war ein Lauf von Hand. Das Ausführen tut, was der gespeicherte Plan sagt, ohne die Quelle zu lesen; seither geänderte Datensätze werden neu geplant oder ausgelassen. Verwerfen schreibt nichts.";
    UndoMany: "Undo these answers", "Diese Antworten zurücknehmen";
    UndoManyLead: "This brings back what stood here before. A value that somebody has changed since stays.", "Das holt zurück, was vorher hier stand. Was seither jemand geändert hat, bleibt.";
    UndoWill: "This brings back {count} values.", "Das holt {count} Werte zurück.";
    UndoNone: "Nothing was overwritten that could be brought back.", "Nichts wurde überschrieben, das sich zurückholen ließe.";
    UndoDo: "Bring back these {count}", "Diese {count} zurückholen";
    UndoDid: "{count} values stand again, {left} were left as they are.", "{count} Werte stehen wieder da, {left} blieben, wie sie sind.";
    BadRequest: "This request cannot be read.", "Diese Anfrage ist nicht lesbar.";
}

/// What a text leaves to be filled in, in order.
pub(super) fn holes(text: &str) -> Vec<&str> {
    let mut holes: Vec<_> = text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
    holes.sort_unstable();
    holes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_fills_in_the_same() {
        for (_, text) in T::ALL {
            assert!(!text.text(Lang::En).is_empty() && !text.text(Lang::De).is_empty(), "{text:?}");
            assert_eq!(holes(text.text(Lang::En)), holes(text.text(Lang::De)), "{text:?}");
        }
    }
}
