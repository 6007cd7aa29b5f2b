//! Which archive a file name promises, so that this is decided in one place.

/// An archive format, as the extension of a file name tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `.zip`: stored, deflated or bzip2-compressed members, zip64 and data descriptors.
    /// The archive must begin with a member and end with its directory; archives in several
    /// parts are refused. Names are read as UTF-8 whether or not they are marked so, since
    /// many programs forget the mark; a file name in an old code page is refused.
    Zip,
    /// `.tar`: V7, ustar, GNU long names and pax. The archive ends at a block of zeros, which
    /// must be there: without it, one that was cut between two members would look whole.
    /// Behind the end only zeros may follow.
    Tar,
    /// `.gz`: one file, as one or several gzip streams; zeros may follow. A file of several
    /// streams that was cut exactly between two cannot be told from a whole one.
    Gz,
    /// `.bz2`: one file, as one or several bzip2 streams; as for `.gz`.
    Bz2,
    /// `.tar.gz` and `.tgz`.
    TarGz,
    /// `.tar.bz2`.
    TarBz2,
}

impl Format {
    /// All extensions with the format they mean; the longer of two that fit comes first.
    const EXTENSIONS: [(&'static str, Self); 7] = [
        (".tar.gz", Self::TarGz),
        (".tar.bz2", Self::TarBz2),
        (".tgz", Self::TarGz),
        (".zip", Self::Zip),
        (".tar", Self::Tar),
        (".gz", Self::Gz),
        (".bz2", Self::Bz2),
    ];

    /// The format that the extension of a file name tells; ASCII letters of either case.
    ///
    /// ```
    /// use tidewaiter_archive::Format;
    /// assert_eq!(Format::from_name("January.ZIP"), Some(Format::Zip));
    /// assert_eq!(Format::from_name("january.tar.gz"), Some(Format::TarGz));
    /// assert_eq!(Format::from_name("january.csv"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Self::split(name).map(|(_, format)| format)
    }

    /// The name of the only member of a `.gz` or `.bz2`: that of the archive without the
    /// extension. `None` for formats that name their members themselves.
    pub fn member_name(self, archive_name: &str) -> Option<&str> {
        match Self::split(archive_name)? {
            (stem, format @ (Self::Gz | Self::Bz2)) if format == self => Some(stem),
            _ => None,
        }
    }

    /// The name as people write it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gz | Self::TarGz => "gzip",
            Self::Bz2 | Self::TarBz2 => "bzip2",
        }
    }

    fn split(name: &str) -> Option<(&str, Self)> {
        Self::EXTENSIONS.iter().find_map(|(extension, format)| {
            strip_suffix_ignore_case(name, extension).map(|stem| (stem, *format))
        })
    }
}

/// `str::strip_suffix`, but blind to the case of ASCII letters.
pub(crate) fn strip_suffix_ignore_case<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_told_apart() {
        let cases = [
            ("a.zip", Some(Format::Zip)),
            ("a.TAR", Some(Format::Tar)),
            ("a.csv.gz", Some(Format::Gz)),
            ("a.csv.Bz2", Some(Format::Bz2)),
            ("a.tar.gz", Some(Format::TarGz)),
            ("a.Tgz", Some(Format::TarGz)),
            ("a.tar.BZ2", Some(Format::TarBz2)),
            ("a.tbz2", None),
            ("a.csv", None),
            ("zip", None),
            ("", None),
            ("é.zip", Some(Format::Zip)),
            ("xé", None),
        ];
        for (name, format) in cases {
            assert_eq!(Format::from_name(name), format, "{name}");
        }
    }

    #[test]
    fn only_single_file_formats_name_their_member() {
        assert_eq!(Format::Gz.member_name("a.csv.GZ"), Some("a.csv"));
        assert_eq!(Format::Bz2.member_name("a.csv.bz2"), Some("a.csv"));
        assert_eq!(Format::Gz.member_name("a.csv.bz2"), None);
        assert_eq!(Format::TarGz.member_name("a.tar.gz"), None);
        assert_eq!(Format::Zip.member_name("a.zip"), None);
    }
}
