//! Workbooks.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use tripartite::source::Next;
use tripartite_sources::file::{Form, Opened, Reading};

use crate::support::{all, listing, opened, records, said};

fn book(edit: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    edit(&mut book);
    book.save_to_buffer().unwrap()
}

fn members(book: &mut Workbook) {
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet().set_name("Members").unwrap();
    for (at, name) in ["id", "name", "town", "note"].into_iter().enumerate() {
        sheet.write(0, at as u16, name).unwrap();
    }
    sheet.write(1, 0, "007").unwrap();
    sheet.write(1, 1, "Áine").unwrap();
    sheet.write(2, 0, 8).unwrap();
    sheet.write(2, 3, true).unwrap();
    let born = ExcelDateTime::from_ymd(1990, 5, 4).unwrap();
    sheet.write_datetime_with_format(4, 1, &born, &day).unwrap();
    sheet.write(4, 0, 12.5).unwrap();
    sheet.write(5, 0, "9").unwrap();
    sheet.write(5, 1, 1e18).unwrap();
}

#[test]
fn a_sheet_is_a_table_with_its_rows_numbers() {
    let listing = listing(book(members)).unwrap().pages_of(1);
    assert_eq!(listing.found().form, Form::Sheet("Members".to_owned()));
    assert_eq!(listing.found().to_string(), "the sheet `Members` of a workbook");
    let (items, end) = all(&listing);
    assert_eq!(
        said(&items),
        [
            r#"007 {"name":"Áine","town":null,"note":null}"#,
            r#"8 {"name":null,"town":null,"note":"true"}"#,
            r#"12.5 {"name":"1990-05-04","town":null,"note":null}"#,
            "9! sheet `Members`, row 6: column 2 holds a number of more than 15 digits, which a workbook rounds; enter it as text",
        ]
    );
    assert_eq!(end, Next::Complete { total: None });
    // As whoever infers a schema reads it.
    let mut names = Vec::new();
    opened(book(members))
        .unwrap()
        .each(|object| {
            names.push((object.line, object.members.map(|members| members.len())));
            true
        })
        .unwrap();
    assert_eq!(names, [(2, Some(4)), (3, Some(4)), (5, Some(4)), (6, None)]);
}

#[test]
fn of_several_sheets_somebody_says_which() {
    let several = || {
        book(|book| {
            members(book);
            book.add_worksheet().set_name("Empty").unwrap();
            book.add_worksheet().set_name("Old").unwrap().write(0, 0, "id").unwrap();
        })
    };
    let Err(error) = opened(several()) else { panic!("there are two") };
    assert!(error.to_string().contains("several sheets; state which: `Members`, `Old`"), "{error}");
    let old = Opened::bytes("book", several(), &Reading::default().sheet("Old"), "id").unwrap();
    assert_eq!(all(&old.listing(records()).unwrap()).0.len(), 0);
    let Err(error) = Opened::bytes("book", several(), &Reading::default().sheet("New"), "id") else { panic!() };
    assert!(error.to_string().contains("no sheet `New`; its sheets are `Members`, `Empty`, `Old`"), "{error}");
}

#[test]
fn a_workbook_that_is_cut_off_anywhere_is_an_error() {
    let bytes = book(members);
    for cut in (4..bytes.len()).step_by(61).chain([bytes.len() - 1]) {
        assert!(listing(&bytes[..cut]).is_err(), "cut at {cut} of {}", bytes.len());
    }
}
