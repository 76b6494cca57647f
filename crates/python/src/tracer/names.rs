//! File names of code objects, and what the observer said of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use testmonx_engine::observer::SourceId;

/// The observer's answers, one for each file name.
///
/// Most code objects of a session belong to a few thousand files that are not the project's, so
/// the observer must not be asked for each.
#[derive(Debug, Default)]
pub(super) struct FileNames(HashMap<Box<str>, Option<SourceId>>);

impl FileNames {
    /// What the observer said, or, if it was not asked yet, says of a `co_filename`.
    ///
    /// `ask` answers `None` if it could not be asked; it is then asked again another time.
    pub(super) fn source(
        &mut self,
        filename: &str,
        ask: impl FnOnce(&str) -> Option<Option<SourceId>>,
    ) -> Option<SourceId> {
        let filename = absolute(filename);
        if let Some(known) = self.0.get(filename.as_ref()) {
            return *known;
        }
        let answer = ask(&filename)?;
        self.0.insert(filename.into(), answer);
        answer
    }
}

/// Resolves a relative name: `python script.py`, or a `sys.path` entry of ``''``.
///
/// The present working directory is the best there is, as code is seen when it first runs, which is
/// mostly right after its import. Made-up names (`<string>`, `<frozen os>`) stay as they are.
fn absolute(filename: &str) -> Cow<'_, str> {
    let made_up = filename.starts_with('<') && filename.ends_with('>');
    if made_up || filename.is_empty() || Path::new(filename).is_absolute() {
        return Cow::Borrowed(filename);
    }
    match std::path::absolute(filename) {
        Ok(path) => Cow::Owned(path.to_string_lossy().into_owned()),
        Err(_) => Cow::Borrowed(filename),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observer_is_asked_once_a_name() {
        let mut names = FileNames::default();
        assert_eq!(names.source("/p/a.py", |_| Some(Some(3))), Some(3));
        assert_eq!(names.source("/p/a.py", |_| panic!("asked twice")), Some(3));
        assert_eq!(names.source("<string>", |_| Some(None)), None);
        assert_eq!(names.source("<string>", |_| panic!("asked twice")), None);
    }

    #[test]
    fn an_observer_that_could_not_be_asked_is_asked_again() {
        let mut names = FileNames::default();
        assert_eq!(names.source("/p/a.py", |_| None), None);
        assert_eq!(names.source("/p/a.py", |_| Some(Some(3))), Some(3));
    }

    #[test]
    fn relative_names_are_resolved() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(Path::new(absolute("pkg/a.py").as_ref()), here.join("pkg/a.py"));
        assert_eq!(Path::new(absolute("./a.py").as_ref()), here.join("a.py"));
        assert_eq!(absolute("<string>"), "<string>");
        assert_eq!(absolute("/x/../a.py"), "/x/../a.py");
    }
}
