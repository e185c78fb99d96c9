// csv-diff LEFT RIGHT: compares by the first column and prints the counts, as the crate's own documentation does it.
use csv_diff::csv::Csv;
use csv_diff::csv_diff::CsvByteDiffLocal;
use csv_diff::diff_row::DiffByteRecord;
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let differ = CsvByteDiffLocal::new()?;
    let mut records = differ.diff(
        Csv::with_reader(File::open(&paths[0])?),
        Csv::with_reader(File::open(&paths[1])?),
    )?;
    records.sort_by_line();
    let (mut changed, mut left_only, mut right_only) = (0, 0, 0);
    for record in records.as_slice() {
        match record {
            DiffByteRecord::Modify { .. } => changed += 1,
            DiffByteRecord::Delete(_) => left_only += 1,
            DiffByteRecord::Add(_) => right_only += 1,
        }
    }
    println!("{{\"changed\": {changed}, \"left_only\": {left_only}, \"right_only\": {right_only}}}");
    Ok(())
}
