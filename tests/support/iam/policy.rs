//! Evaluates IAM policies: the part of IAM's language that the Terraform module in `infra` uses,
//! and a panic for everything else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The condition keys of a request, with their values.
pub type Context = BTreeMap<String, Vec<String>>;

/// A permission that a request needs.
#[derive(Debug)]
pub struct Need {
    /// For example `secretsmanager:GetSecretValue`.
    pub action: String,
    /// An ARN, or `*`.
    pub resource: String,
    pub context: Context,
}

/// What a statement allows: an action on the resources that match a pattern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub statement: String,
    pub action: String,
    pub resource: String,
}

/// A policy of `Allow` statements.
pub struct Policy(Vec<Statement>);

struct Statement {
    name: String,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

struct Condition {
    operator: String,
    key: String,
    values: Vec<String>,
}

impl Policy {
    pub fn new(document: &Value) -> Self {
        let statements = document["Statement"]
            .as_array()
            .expect("the policy should have statements");
        Policy(statements.iter().map(Statement::new).collect())
    }

    /// Returns everything that the policy allows.
    pub fn grants(&self) -> BTreeSet<Grant> {
        let of_statement = |statement: &Statement| {
            let pairs = statement.actions.iter().flat_map(|action| {
                let resources = statement.resources.iter();
                resources.map(|resource| statement.grant(action, resource))
            });
            pairs.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_statement).collect()
    }

    /// Returns the grants that allow this; empty if it is denied.
    pub fn allowing(&self, need: &Need) -> Vec<Grant> {
        let of_statement = |statement: &Statement| {
            let holds = |condition: &Condition| condition.holds(&need.context);
            let applies =
                statement.actions.contains(&need.action) && statement.conditions.iter().all(holds);
            let resources = statement.resources.iter();
            let matching = resources.filter(|pattern| applies && is_like(pattern, &need.resource));
            let grants = matching.map(|resource| statement.grant(&need.action, resource));
            grants.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_statement).collect()
    }
}

impl Statement {
    fn new(statement: &Value) -> Self {
        let keys: Vec<_> = statement.as_object().expect("an object").keys().collect();
        let known = ["Action", "Condition", "Effect", "Resource", "Sid"];
        let unknown = keys.iter().find(|key| !known.contains(&key.as_str()));
        assert_eq!(unknown, None, "the tests do not support it");
        assert_eq!(statement["Effect"], "Allow");
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().expect("an object") {
                conditions.push(Condition {
                    operator: operator.clone(),
                    key: key.clone(),
                    values: strings(values),
                });
            }
        }
        let actions = strings(&statement["Action"]);
        assert!(actions.iter().all(|action| !action.contains(['*', '?'])));
        Statement {
            name: strings(&statement["Sid"]).remove(0),
            actions,
            resources: strings(&statement["Resource"]),
            conditions,
        }
    }

    fn grant(&self, action: &str, resource: &str) -> Grant {
        Grant {
            statement: self.name.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        }
    }
}

impl Condition {
    /// Returns whether the condition holds. For the operators see the IAM user guide, "IAM JSON
    /// policy elements: Condition operators", and for keys with several values "Set operators".
    fn holds(&self, context: &Context) -> bool {
        let given = context.get(&self.key);
        let operator = self.operator.as_str();
        if operator == "Null" {
            return self.values == [given.is_none().to_string()];
        }
        let (operator, all_values) = match operator.strip_prefix("ForAllValues:") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let Some(given) = given else {
            return all_values || if_exists;
        };
        assert!(all_values || given.len() == 1, "{} has one value", self.key);
        let compare: fn(&str, &str) -> bool = match operator {
            "StringEquals" | "Bool" => |wanted, given| wanted == given,
            "StringLike" => is_like,
            "NumericGreaterThanEquals" => |wanted, given| number(given) >= number(wanted),
            _ => panic!("the tests do not support the operator {}", self.operator),
        };
        let matches = |given: &String| self.values.iter().any(|wanted| compare(wanted, given));
        given.iter().all(matches)
    }
}

/// Returns whether a text matches a pattern, in which `*` stands for any characters and `?` for
/// one.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter()
                .any(|at| is_like(&pattern[1..], &text[at..]))
        }
        Some(first) => rest.next().is_some_and(|character| {
            (first == '?' || first == character)
                && is_like(&pattern[first.len_utf8()..], rest.as_str())
        }),
    }
}

fn number(text: &str) -> i64 {
    text.parse().expect("a number")
}

/// Returns the one string, or the list of strings.
fn strings(value: &Value) -> Vec<String> {
    let string = |value: &Value| value.as_str().expect("a string").to_owned();
    match value {
        Value::Array(values) => values.iter().map(string).collect(),
        value => vec![string(value)],
    }
}
