//! Values with parts, as what they mean: shapes, trees, and the many ways to write a tree.
//!
//! It shares no code with the crate: a tree is drawn first and then written, and what the crate made is read back by the
//! rules of this page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::dice::Dice;

/// What a value may hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Text,
    Email,
    List,
    Set,
    Map,
    /// `own` is the strategy of the field `a` alone.
    Record {
        fields: Vec<(&'static str, Shape)>,
        atomic: bool,
        own: Option<&'static str>,
    },
    /// Records by an e-mail address `k`, and by a text `l` where there are two keys.
    Keyed {
        two_keys: bool,
        fields: Vec<(&'static str, Shape)>,
        atomic: bool,
        own: Option<&'static str>,
    },
}

/// What a value means. Nothing is `None`; a null that is written is as good, but it is said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tree {
    Null,
    Leaf(String),
    Members(BTreeSet<String>),
    Parts(BTreeMap<String, Tree>),
}

pub(crate) type Parts = BTreeMap<String, Tree>;

/// Without the nulls.
pub(crate) fn normal(tree: Option<&Tree>) -> Option<Tree> {
    match tree? {
        Tree::Null => None,
        Tree::Parts(parts) => {
            let kept = parts.iter().filter_map(|(name, tree)| Some((name.clone(), normal(Some(tree))?)));
            Some(Tree::Parts(kept.collect()))
        }
        other => Some(other.clone()),
    }
}

/// Without the nulls, and without parts in which nothing stands.
pub(crate) fn filled(tree: Option<&Tree>) -> Option<Tree> {
    let Tree::Parts(parts) = tree? else { return normal(tree) };
    let parts: Parts = parts.iter().filter_map(|(name, tree)| Some((name.clone(), filled(Some(tree))?))).collect();
    (!parts.is_empty()).then_some(Tree::Parts(parts))
}

impl Shape {
    /// A shape that has parts, at most so many deep.
    pub(crate) fn any(dice: &mut Dice, deep: usize) -> Self {
        let fields = |dice: &mut Dice| {
            ["a", "b/c"]
                .map(|name| (name, if deep > 1 { Self::inner(dice, deep - 1) } else { Self::flat(dice) }))
                .into()
        };
        match dice.below(6) {
            0 => Self::Map,
            1 => Self::Record { fields: fields(dice), atomic: false, own: any_own(dice) },
            _ => {
                let (two_keys, atomic) = (dice.in_a_hundred(30), dice.in_a_hundred(15));
                let own = if atomic { None } else { any_own(dice) };
                Self::Keyed { two_keys, fields: fields(dice), atomic, own }
            }
        }
    }

    fn inner(dice: &mut Dice, deep: usize) -> Self {
        match dice.below(5) {
            0 | 1 => Self::flat(dice),
            2 => Self::Record { fields: vec![("a", Self::flat(dice))], atomic: true, own: None },
            _ => Self::any(dice, deep),
        }
    }

    fn flat(dice: &mut Dice) -> Self {
        [Self::Text, Self::Email, Self::Set, Self::List][dice.below(4)].clone()
    }

    /// As a schema file has it.
    pub(crate) fn kind(&self) -> Json {
        let of = |fields: &[(&'static str, Shape)]| -> Map<String, Json> {
            fields.iter().map(|(name, shape)| ((*name).to_owned(), shape.kind())).collect()
        };
        match self {
            Self::Text => json!({"kind": "text"}),
            Self::Email => json!({"kind": "email"}),
            Self::List => json!({"kind": "list"}),
            Self::Set => json!({"kind": "set", "of": "text"}),
            Self::Map => json!({"kind": "map"}),
            Self::Record { fields, atomic, own } => {
                json!({"kind": "record", "fields": owned(of(fields), *own), "atomic": atomic})
            }
            Self::Keyed { two_keys, fields, atomic, own } => {
                let mut fields = owned(of(fields), *own);
                fields.insert("k".to_owned(), json!("email"));
                fields.insert("l".to_owned(), json!("text"));
                let key = if *two_keys { json!(["k", "l"]) } else { json!(["k"]) };
                json!({"kind": "set_of_records", "key": key, "fields": fields, "atomic": atomic})
            }
        }
    }

    /// The shape of a part; in a map everything is a text, a list or a map.
    pub(crate) fn part(&self, name: &str) -> Self {
        let field = |fields: &[(&'static str, Shape)]| fields.iter().find(|(known, _)| *known == name).cloned();
        match self {
            Self::Record { fields, .. } => field(fields).map_or(Self::Map, |(_, shape)| shape),
            Self::Keyed { fields, atomic, own, .. } => {
                let mut fields = fields.clone();
                fields.extend([("k", Self::Email), ("l", Self::Text)]);
                Self::Record { fields, atomic: *atomic, own: *own }
            }
            _ => Self::Map,
        }
    }

    /// The strategy that a part of this name has of its own.
    pub(crate) fn own(&self, name: &str) -> Option<&'static str> {
        match self {
            Self::Record { own, .. } if name == "a" => *own,
            _ => None,
        }
    }

    /// Whether any part has a strategy of its own.
    pub(crate) fn has_own(&self) -> bool {
        match self {
            Self::Record { fields, own, .. } | Self::Keyed { fields, own, .. } => {
                own.is_some() || fields.iter().any(|(_, shape)| shape.has_own())
            }
            _ => false,
        }
    }

    pub(crate) fn is_granular(&self) -> bool {
        matches!(self, Self::Map | Self::Record { atomic: false, .. } | Self::Keyed { .. })
    }

    // ---- trees -----------------------------------------------------------------------------------------------------

    /// A tree of this shape.
    pub(crate) fn tree(&self, dice: &mut Dice) -> Tree {
        match self {
            Self::Text => Tree::Leaf(["Zoë", "x", "y"][dice.below(3)].to_owned()),
            Self::Email => Tree::Leaf(["a@b.ie", "c@d.ie"][dice.below(2)].to_owned()),
            Self::List => Tree::Leaf(["[\"x\",\"y\"]", "[\"y\",\"x\"]"][dice.below(2)].to_owned()),
            Self::Set => Tree::Members(
                ["x", "y", "z"].into_iter().filter(|_| dice.in_a_hundred(50)).map(str::to_owned).collect(),
            ),
            Self::Map => {
                let names = ["a", "k=a@b.ie"].into_iter().filter(|_| dice.in_a_hundred(70)).collect::<Vec<_>>();
                let part = |name: &str| (name.to_owned(), Self::of_map(dice));
                Tree::Parts(names.into_iter().map(part).collect())
            }
            Self::Record { fields, .. } => {
                let mut parts = Parts::new();
                for (name, shape) in fields {
                    if let Some(tree) = shape.maybe(dice) {
                        parts.insert((*name).to_owned(), tree);
                    }
                }
                if dice.in_a_hundred(25) {
                    parts.insert("more".to_owned(), Self::of_map(dice));
                }
                Tree::Parts(parts)
            }
            Self::Keyed { .. } => {
                let elements = (0..dice.below(4)).map(|_| self.element(dice)).collect::<Vec<_>>();
                Tree::Parts(elements.into_iter().collect())
            }
        }
    }

    fn of_map(dice: &mut Dice) -> Tree {
        match dice.below(4) {
            0 => Self::List.tree(dice),
            1 => Tree::Parts(Parts::from([("deep".to_owned(), Self::Text.tree(dice))])),
            _ => Self::Text.tree(dice),
        }
    }

    fn maybe(&self, dice: &mut Dice) -> Option<Tree> {
        match dice.below(8) {
            0 => None,
            1 => Some(Tree::Null),
            _ => Some(self.tree(dice)),
        }
    }

    /// A record of a set, with its name; one whose keys are null has something else.
    fn element(&self, dice: &mut Dice) -> (String, Tree) {
        let Self::Keyed { two_keys, .. } = self else { unreachable!() };
        let Tree::Parts(mut parts) = self.part("").tree_of_fields(dice) else { unreachable!() };
        let key = ["", "a@b.ie", "c@d.ie"][dice.below(3)];
        let label = ["", "p,q", "r\\"][dice.below(3)];
        let mut put = |name: &str, text: &str| match text {
            "" => parts.remove(name),
            text => parts.insert(name.to_owned(), Tree::Leaf(text.to_owned())),
        };
        put("k", key);
        if *two_keys {
            put("l", label);
        }
        if key.is_empty() && (!*two_keys || label.is_empty()) {
            parts.insert("more".to_owned(), Tree::Leaf("x".to_owned()));
        }
        (named(key, two_keys.then_some(label)), Tree::Parts(parts))
    }

    fn tree_of_fields(&self, dice: &mut Dice) -> Tree {
        let Self::Record { fields, .. } = self else { unreachable!() };
        Self::Record { fields: fields.clone(), atomic: false, own: None }.tree(dice)
    }

    /// A tree that is near another: each part stays, goes, comes or becomes another.
    pub(crate) fn near(&self, tree: &Tree, dice: &mut Dice) -> Tree {
        let Tree::Parts(parts) = tree else { return self.maybe(dice).unwrap_or(Tree::Null) };
        let mut near = parts.clone();
        for (name, old) in parts {
            match dice.below(8) {
                0 if !self.is_key(name) => {
                    near.remove(name);
                }
                1 | 2 if !self.is_key(name) => {
                    near.insert(name.clone(), self.part(name).near(old, dice));
                }
                _ => {}
            }
        }
        if let (Tree::Parts(new), true) = (self.tree(dice), dice.in_a_hundred(40)) {
            let new = new.into_iter().filter(|(name, _)| !self.is_key(name) || matches!(self, Self::Keyed { .. }));
            for (name, tree) in new.take(1) {
                near.entry(name).or_insert(tree);
            }
        }
        // A record of a set whose keys are null needs something to be one.
        if self.part("k") == Self::Email
            && near.get("k").is_none_or(|key| *key == Tree::Null)
            && !matches!(self, Self::Keyed { .. })
        {
            near.insert("more".to_owned(), Tree::Leaf("y".to_owned()));
        }
        Tree::Parts(near)
    }

    /// Whether it is a field of a key, which is never edited in place.
    fn is_key(&self, name: &str) -> bool {
        matches!(self, Self::Record { .. }) && ["k", "l"].contains(&name)
    }

    // ---- spellings -------------------------------------------------------------------------------------------------

    /// One of the ways to write a tree.
    pub(crate) fn write(&self, tree: &Tree, dice: &mut Dice) -> Json {
        let spaced = |text: &str, dice: &mut Dice| {
            [text.to_owned(), format!(" {text}"), format!("{text}\u{a0}")][dice.below(3)].clone()
        };
        match (self, tree) {
            (_, Tree::Null) => Json::Null,
            (Self::Email, Tree::Leaf(text)) => {
                json!([text.clone(), text.to_uppercase(), format!("mailto:{text}")][dice.below(3)])
            }
            (_, Tree::Leaf(text)) if text.starts_with('[') => serde_json::from_str(text).unwrap(),
            (_, Tree::Leaf(text)) => json!(spaced(text, dice)),
            (_, Tree::Members(members)) => {
                let mut list: Vec<Json> = members.iter().map(|member| json!(spaced(member, dice))).collect();
                shuffle(&mut list, dice);
                if dice.in_a_hundred(20) {
                    list.push(json!(" "));
                }
                Json::Array(list)
            }
            (Self::Keyed { .. }, Tree::Parts(parts)) => self.write_set(parts, dice),
            (shape, Tree::Parts(parts)) => Json::Object(
                parts.iter().map(|(name, tree)| (name.clone(), shape.part(name).write(tree, dice))).collect(),
            ),
        }
    }

    fn write_set(&self, parts: &Parts, dice: &mut Dice) -> Json {
        let mut list: Vec<Json> = parts.iter().map(|(name, tree)| self.part(name).write(tree, dice)).collect();
        for element in &mut list {
            // A key that is left out is null.
            let object = element.as_object_mut().unwrap();
            if !object.contains_key("k") && dice.in_a_hundred(50) {
                object.insert("k".to_owned(), [json!(null), json!(" ")][dice.below(2)].clone());
            }
        }
        if dice.in_a_hundred(15) {
            list.push([json!(null), json!({}), json!({"k": " ", "a": null})][dice.below(3)].clone());
        }
        shuffle(&mut list, dice);
        if list.len() == 1 && dice.in_a_hundred(20) && list[0].is_object() { list.remove(0) } else { Json::Array(list) }
    }

    /// What a written value means.
    pub(crate) fn read(&self, json: &Json) -> Option<Tree> {
        let text = |json: &Json| json.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match (self, json) {
            (_, Json::Null) => None,
            (Self::Keyed { two_keys, .. }, json) => {
                let list = json.as_array().cloned().unwrap_or_else(|| vec![json.clone()]);
                let mut parts = Parts::new();
                for element in &list {
                    let Some(Tree::Parts(fields)) = self.part("").read(element) else { continue };
                    if fields.is_empty() {
                        continue;
                    }
                    let of = |name: &str| match fields.get(name) {
                        Some(Tree::Leaf(text)) => text.clone(),
                        _ => String::new(),
                    };
                    let name = named(&of("k"), two_keys.then(|| of("l")).as_deref());
                    assert_eq!(parts.insert(name, Tree::Parts(fields)), None, "a key twice");
                }
                Some(Tree::Parts(parts))
            }
            (Self::Set, Json::Array(list)) => Some(Tree::Members(list.iter().filter_map(text).collect())),
            (shape, Json::Object(map)) => {
                let part = |(name, json): (&String, &Json)| Some((name.clone(), shape.part(name).read(json)?));
                Some(Tree::Parts(map.iter().filter_map(part).collect()))
            }
            (_, Json::Array(_)) => Some(Tree::Leaf(json.to_string())),
            (Self::Email, json) => text(json).map(|text| Tree::Leaf(text.to_lowercase().replace("mailto:", ""))),
            (_, json) => text(json).map(Tree::Leaf),
        }
    }
}

fn any_own(dice: &mut Dice) -> Option<&'static str> {
    let own = ["local_owned", "merge", "remote_wins", "enforced", "fill_only"][dice.below(5)];
    dice.in_a_hundred(30).then_some(own)
}

/// Kinds of fields with the strategy of the field `a`.
fn owned(mut fields: Map<String, Json>, own: Option<&'static str>) -> Map<String, Json> {
    if let (Some(strategy), Some(kind)) = (own, fields.get_mut("a")) {
        kind["strategy"] = json!(strategy);
    }
    fields
}

/// The name of a record of a set.
fn named(key: &str, label: Option<&str>) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(',', "\\,");
    match label {
        None => format!("k={key}"),
        Some(label) => format!("k={},l={}", escaped(key), escaped(label)),
    }
}

fn shuffle(list: &mut [Json], dice: &mut Dice) {
    for at in (1..list.len()).rev() {
        list.swap(at, dice.below(at + 1));
    }
}
