//! Reduces a case that differs until it is small enough to understand.

use std::collections::BTreeMap;

use super::oracle::{Case, Oracle};

/// Makes a differing case as small as it gets.
pub(super) fn shrink(oracle: &mut Oracle, mut case: Case, differs: &dyn Fn(&mut Oracle, &Case) -> bool) -> Case {
    loop {
        let before = size(&case);
        for field in 0..6 {
            let mut index = 0;
            while index < list(&mut case, field).len() {
                let mut smaller = case.clone();
                list(&mut smaller, field).remove(index);
                if differs(oracle, &smaller) {
                    case = smaller;
                    continue;
                }
                if field > 0 {
                    case = shrink_text(oracle, case, differs, |case| SliceOf::Argument(field, index, case));
                }
                index += 1;
            }
        }
        for name in case.chart.clone().into_iter().flat_map(BTreeMap::into_keys) {
            let mut smaller = case.clone();
            smaller.chart.as_mut().unwrap().remove(&name);
            if differs(oracle, &smaller) {
                case = smaller;
            } else {
                case = shrink_text(oracle, case, differs, |case| SliceOf::Chart(name.clone(), case));
            }
        }
        for name in case.files.clone() {
            case = shrink_text(oracle, case, differs, |case| SliceOf::Text(name.clone(), case));
        }
        if size(&case) == before {
            return case;
        }
    }
}

enum SliceOf<'c> {
    Argument(usize, usize, &'c mut Case),
    Text(String, &'c mut Case),
    Chart(String, &'c mut Case),
}

impl SliceOf<'_> {
    fn get(self) -> Vec<u8> {
        match self {
            SliceOf::Argument(field, index, case) => list(case, field)[index].clone().into_bytes(),
            SliceOf::Text(name, case) => case.texts[&name].clone(),
            SliceOf::Chart(name, case) => case.chart.as_ref().unwrap()[&name].clone(),
        }
    }

    fn set(self, bytes: Vec<u8>) -> bool {
        match self {
            SliceOf::Argument(field, index, case) => match String::from_utf8(bytes) {
                Ok(text) => list(case, field)[index] = text,
                Err(_) => return false,
            },
            SliceOf::Text(name, case) => {
                case.texts.insert(name, bytes);
            }
            SliceOf::Chart(name, case) => {
                case.chart.as_mut().unwrap().insert(name, bytes);
            }
        }
        true
    }
}

fn shrink_text(
    oracle: &mut Oracle,
    mut case: Case,
    differs: &dyn Fn(&mut Oracle, &Case) -> bool,
    at: impl Fn(&mut Case) -> SliceOf<'_>,
) -> Case {
    let mut step = at(&mut case).get().len().next_power_of_two();
    while step > 0 {
        let mut start = 0;
        loop {
            let bytes = at(&mut case).get();
            if start >= bytes.len() {
                break;
            }
            let mut fewer = bytes.clone();
            fewer.drain(start..(start + step).min(bytes.len()));
            let mut smaller = case.clone();
            if at(&mut smaller).set(fewer) && differs(oracle, &smaller) {
                case = smaller;
            } else {
                start += step;
            }
        }
        step /= 2;
    }
    case
}

fn list(case: &mut Case, field: usize) -> &mut Vec<String> {
    match field {
        0 => &mut case.files,
        1 => &mut case.set,
        2 => &mut case.set_string,
        3 => &mut case.set_json,
        4 => &mut case.set_file,
        _ => &mut case.set_literal,
    }
}

fn size(case: &Case) -> usize {
    let mut case = case.clone();
    let arguments: usize = (0..6).flat_map(|field| list(&mut case, field).clone()).map(|text| text.len() + 1).sum();
    let chart: usize = case.chart.iter().flatten().map(|(name, text)| name.len() + text.len()).sum();
    arguments + chart + case.texts.values().map(Vec::len).sum::<usize>()
}
