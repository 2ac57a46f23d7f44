//! Values that are told by all of their tokens, not by one joint among them.

use super::super::{Kind, Token, Trick};
use super::Line;

/// Where servers keep their users and what they sign in with.
const ACCOUNTS: [&[u8]; 16] = [
    b"pg_shadow",
    b"pg_user",
    b"pg_authid",
    b"pg_roles",
    b"pg_catalog.pg_shadow",
    b"pg_catalog.pg_user",
    b"pg_catalog.pg_authid",
    b"mysql.user",
    b"mysql.db",
    b"master.",
    b"syslogins",
    b"sysusers",
    b"sys.sql_logins",
    b"sys.user$",
    b"dba_users",
    b"all_users",
];

/// Functions that tell where and as whom a query runs, or read what is no table.
const TELLING: [&[u8]; 36] = [
    b"current_setting",
    b"pg_read_binary_file",
    b"pg_stat_file",
    b"pg_ls_logdir",
    b"lo_export",
    b"lo_get",
    b"query_to_xml",
    b"dblink_connect",
    b"sys_eval",
    b"sys_exec",
    b"has_table_privilege",
    b"xp_cmdshell",
    b"version",
    b"database",
    b"schema",
    b"user",
    b"connection_id",
    b"system_user",
    b"session_user",
    b"current_user",
    b"current_database",
    b"current_schema",
    b"inet_server_addr",
    b"inet_server_port",
    b"inet_client_addr",
    b"getpgusername",
    b"pg_read_file",
    b"pg_ls_dir",
    b"pg_sleep",
    b"load_file",
    b"lo_import",
    b"host_name",
    b"db_name",
    b"suser_sname",
    b"is_srvrolemember",
    b"serverproperty",
];

impl Line<'_> {
    /// What the value does as a whole.
    pub(super) fn whole(&self) -> Option<Trick> {
        if self.is_case() || self.compares_quotes() || self.joins_itself() || self.has_literals() {
            Some(Trick::Logic)
        } else if self.limits() {
            Some(Trick::Probe)
        } else if self.reckons_and_cuts() {
            Some(Trick::Tail)
        } else if self.asks_server() || self.waits_alone() || self.copies() {
            Some(Trick::Call)
        } else {
            None
        }
    }

    fn kinds_from(&self, at: usize) -> impl Iterator<Item = Kind> {
        self.tokens.iter().skip(at).map(|token| token.kind)
    }

    /// `case 1 when 2 then 3 end`, without a single name.
    fn is_case(&self) -> bool {
        let start = usize::from(self.quoted);
        let has = |wanted: &[u8]| (start..self.tokens.len()).any(|at| self.word(at) == wanted);
        let last = self.tokens.len().saturating_sub(1);
        self.kind(start) == Some(Kind::Case)
            && self.word(last) == b"end"
            && has(b"when")
            && has(b"then")
            && !self
                .kinds_from(start)
                .any(|kind| matches!(kind, Kind::Word | Kind::Other))
    }

    /// `a' < 'b`: what the query itself has in quotes is compared or reckoned with, and nothing else.
    fn compares_quotes(&self) -> bool {
        let [first, joint, last] = self.tokens else {
            return false;
        };
        let before = self.value.get(..first.end.saturating_sub(1)).unwrap_or_default();
        let after = self.value.get(last.start + 1..last.end).unwrap_or_default();
        let plain = |side: &[u8]| side.len() <= 24 && side.iter().all(u8::is_ascii_alphanumeric);
        // A lone sign in quotes is a string.
        let sides = !before.is_empty() || joint.end - joint.start > 1;
        self.quoted
            && joint.kind == Kind::Compare
            && sides
            && last.kind == Kind::OpenText
            && plain(before)
            && plain(after)
    }

    /// `or x=x`, `or true--`, `' or '' '`.
    fn joins_itself(&self) -> bool {
        let start = usize::from(self.quoted);
        let joint = matches!(self.word(start), b"or" | b"and" | b"||" | b"&&" | b"xor");
        if !joint {
            return false;
        }
        let rest = self.tokens.get(start + 1..).unwrap_or_default();
        let (body, cut) = match rest.split_last() {
            Some((last, body)) if last.kind == Kind::Comment => (body, true),
            _ => (rest, false),
        };
        let text = |at: usize| body.get(at).map(|token| self.word_of(token));
        // Names of columns, where the rest is cut off.
        let alike = |left: &Token, right: &Token| left.kind == right.kind && (cut || text(0) == text(2));
        let same = matches!(body, [left, joint, right]
            if joint.kind == Kind::Compare
                && matches!(left.kind, Kind::Word | Kind::Number | Kind::Null)
                && alike(left, right));
        let literal = cut && matches!(body, [only] if matches!(only.kind, Kind::Null | Kind::Number));
        let strings = self.quoted && !body.is_empty();
        let strings = strings
            && body
                .iter()
                .all(|token| matches!(token.kind, Kind::Text | Kind::OpenText));
        same || literal || (strings && rest.len() > 1)
    }

    /// `x having (1 or 1)`.
    fn has_literals(&self) -> bool {
        let Some(at) = (0..self.tokens.len().min(4)).find(|at| self.word(*at) == b"having") else {
            return false;
        };
        let mut joined = false;
        let plain = self.kinds_from(at + 1).all(|kind| {
            joined |= matches!(kind, Kind::Logic | Kind::Compare);
            kind.is_literal()
                || matches!(
                    kind,
                    Kind::Logic | Kind::Compare | Kind::Open | Kind::Close | Kind::Comment
                )
        });
        plain && joined
    }

    /// `limit 0,1--`.
    fn limits(&self) -> bool {
        let start = usize::from(self.quoted);
        let last = self.tokens.len().saturating_sub(1);
        let counts = self.tokens.get(start + 1..last).unwrap_or_default();
        self.kind(start) == Some(Kind::Limit)
            && self.kind(last) == Some(Kind::Comment)
            && !counts.is_empty()
            && counts
                .iter()
                .all(|token| matches!(token.kind, Kind::Number | Kind::Comma))
    }

    /// `1*1--`: reckons, and cuts off whatever follows.
    fn reckons_and_cuts(&self) -> bool {
        let Some((last, body)) = self.tokens.split_last() else {
            return false;
        };
        let tight = self
            .value
            .get(last.start.wrapping_sub(1))
            .is_some_and(|byte| !byte.is_ascii_whitespace());
        let sign = self.word_of(last);
        let empty = !sign.iter().any(u8::is_ascii_alphanumeric) && !sign.starts_with(b"#");
        let reckoned = body.iter().any(|token| token.kind == Kind::Math);
        let plain = body
            .iter()
            .all(|token| matches!(token.kind, Kind::Number | Kind::Math | Kind::Open | Kind::Close));
        let ends = body
            .last()
            .is_some_and(|token| matches!(token.kind, Kind::Number | Kind::Close));
        last.kind == Kind::Comment && tight && empty && reckoned && plain && ends && body.len() >= 3
    }

    /// A whole query, but one that asks the server about itself or its users.
    fn asks_server(&self) -> bool {
        if self.quoted || self.kind(0) != Some(Kind::Select) {
            return false;
        }
        let mut from = false;
        let mut account = false;
        let mut telling = false;
        for at in 1..self.tokens.len() {
            let word = self.word(at);
            from |= self.kind(at) == Some(Kind::From);
            let name = matches!(self.kind(at), Some(Kind::Word | Kind::Key | Kind::Call));
            account |= from && name && ACCOUNTS.iter().any(|known| word.starts_with(known));
            let last = word.rsplit(|byte| *byte == b'.').next().unwrap_or(word);
            telling |= word.starts_with(b"@@") || TELLING.contains(&last) && self.is_called(at);
        }
        let prose = self.breaks(self.tokens.len()) > self.tokens.len() / 8;
        !prose && (account || (telling && !from))
    }

    /// `version()`, or a name that is called without brackets.
    fn is_called(&self, at: usize) -> bool {
        let bracket = self.kind(at + 1) == Some(Kind::Open);
        bracket
            || matches!(
                self.word(at),
                b"current_user" | b"session_user" | b"system_user" | b"user"
            )
    }

    /// `sleep(5)="`, `+ sleep(5) + '`: waits, whatever the query does with the result.
    fn waits_alone(&self) -> bool {
        let lead = self.tokens.iter().take_while(|token| token.kind == Kind::Math).count();
        let [call, open, time, close, joint, string] = self.tokens.get(lead..).unwrap_or_default() else {
            return false;
        };
        let waits = matches!(self.word_of(call), b"sleep" | b"pg_sleep");
        let called = open.kind == Kind::Open && time.kind == Kind::Number && close.kind == Kind::Close;
        waits
            && called
            && matches!(joint.kind, Kind::Compare | Kind::Math)
            && matches!(string.kind, Kind::Text | Kind::OpenText)
    }

    /// `copy t from '/x'`: a table and a file of the server.
    fn copies(&self) -> bool {
        let start = usize::from(self.quoted) * 2;
        let file = self.word(start + 3);
        self.word(start) == b"copy"
            && self.kind(start + 1) == Some(Kind::Word)
            && matches!(self.word(start + 2), b"from" | b"to")
            && matches!(file, [b'\'', b'/' | b'\\', ..] | [b'\'', _, b':', ..])
    }
}
