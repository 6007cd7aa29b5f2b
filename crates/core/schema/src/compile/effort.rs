//! How much work it is to translate a pattern, told from its syntax before it is done.
//!
//! `\w` stands for hundreds of ranges, and under `(?i)` a class is looked through character by character. So a pattern of
//! some bytes can keep a processor busy for a second before anything is compiled.

use regex_syntax::ast::{self, Ast, ClassSetItem, ClassSetRange, Flag, Flags, Visitor};

/// What the ranges of a class such as `\w` take, in bytes.
const RANGES: usize = 6 << 10;
/// How many characters a class of Unicode may have.
const SOME: usize = 150_000;
/// How many characters there are.
const ALL: usize = 0x11_0000;

/// What a pattern takes while it is translated, in bytes; a character that is looked at counts as one.
pub(super) fn translation(ast: &Ast) -> usize {
    ast::visit(ast, Effort::default()).unwrap_or(usize::MAX)
}

#[derive(Default)]
struct Effort {
    /// For what is done once.
    bytes: usize,
    /// For what is done only where case does not count.
    folded: usize,
    ignores_case: bool,
    /// How many brackets there are around an item. Each looks through what is in it.
    depth: usize,
}

impl Effort {
    fn flags(&mut self, flags: &Flags) {
        self.ignores_case |= flags.flag_state(Flag::CaseInsensitive) == Some(true);
    }

    fn class(&mut self, characters: usize) {
        self.bytes += RANGES;
        self.folded = self.folded.saturating_add(characters.saturating_mul(self.depth.max(1)));
    }
}

impl Visitor for Effort {
    type Output = usize;
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<usize, Self::Err> {
        Ok(if self.ignores_case { self.bytes.saturating_add(self.folded) } else { self.bytes })
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        self.bytes += size_of::<Ast>();
        match ast {
            Ast::Flags(set) => self.flags(&set.flags),
            Ast::Group(group) => group.flags().into_iter().for_each(|flags| self.flags(flags)),
            Ast::ClassUnicode(_) => self.class(SOME),
            Ast::ClassPerl(_) => self.class(0),
            Ast::ClassBracketed(_) => self.depth += 1,
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        if let Ast::ClassBracketed(_) = ast {
            self.depth -= 1;
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        self.bytes += size_of::<ClassSetItem>();
        match item {
            ClassSetItem::Range(ClassSetRange { start, end, .. }) => {
                let characters = (u32::from(end.c) as usize).saturating_sub(u32::from(start.c) as usize);
                self.folded = self.folded.saturating_add(characters.saturating_mul(self.depth.max(1)));
            }
            ClassSetItem::Unicode(class) => self.class(if class.is_negated() { ALL } else { SOME }),
            ClassSetItem::Perl(class) => self.class(if class.negated { ALL } else { SOME }),
            ClassSetItem::Bracketed(_) => self.depth += 1,
            _ => {}
        }
        Ok(())
    }

    fn visit_class_set_item_post(&mut self, item: &ClassSetItem) -> Result<(), Self::Err> {
        if let ClassSetItem::Bracketed(_) = item {
            self.depth -= 1;
        }
        Ok(())
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), Self::Err> {
        self.depth += 1;
        Ok(())
    }

    fn visit_class_set_binary_op_post(&mut self, _: &ast::ClassSetBinaryOp) -> Result<(), Self::Err> {
        self.depth -= 1;
        Ok(())
    }
}
