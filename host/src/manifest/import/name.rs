//! Names of CRMs.

use crate::manifest::grammar::MAX_NAME_LEN;

/// Makes a CRM's name of any text: `googleSheets` and `Google Sheets` become `google-sheets`. `None` if nothing in it can
/// stand in a name.
pub(super) fn crm_name(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut is_inside_word = false;
    for letter in text.chars() {
        let starts_word = letter.is_ascii_uppercase() && is_inside_word;
        if (starts_word || !letter.is_ascii_alphanumeric())
            && !name.is_empty()
            && !name.ends_with('-')
        {
            name.push('-');
        }
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        }
        is_inside_word = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if name.len() >= MAX_NAME_LEN {
            break;
        }
    }
    name.truncate(MAX_NAME_LEN);
    let name = name.trim_end_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_by_hyphens_in_lower_case() {
        for (text, name) in [
            ("pipedrive", "pipedrive"),
            ("googleSheets", "google-sheets"),
            ("Google Sheets (Beta)", "google-sheets-beta"),
            ("GoHighLevel", "go-high-level"),
            ("CRM2Go", "crm2-go"),
            ("my_CRM", "my-crm"),
            ("--a--b--", "a-b"),
            ("Zoë", "zo"),
        ] {
            assert_eq!(crm_name(text).as_deref(), Some(name), "{text}");
        }
        assert_eq!(crm_name("顧客"), None);
        assert_eq!(crm_name(""), None);
        assert_eq!(crm_name(&"aB".repeat(1000)).unwrap().len(), MAX_NAME_LEN);
    }
}
