//! Files that no user asks for.

/// Longest sensitive path.
const PATH_BYTES_MAX: usize = 200;

/// Equal letters in a row that are no name.
const FLOOD_BYTES_MIN: usize = 200;

/// Files that are told by the end of their path, wherever they lie.
const FILES: [&[u8]; 60] = [
    b"/id_rsa",
    b"/authorized_keys",
    b"/passwd",
    b"/shadow",
    b"/gshadow",
    b"/master.passwd",
    b"/spwd.db",
    b"/sudoers",
    b"/boot.ini",
    b"/win.ini",
    b"/system.ini",
    b"/web.config",
    b"/.htaccess",
    b"/php.ini",
    b"/httpd.conf",
    b"/apache2.conf",
    b"/apache.conf",
    b"/nginx.conf",
    b"/sites-enabled/default",
    b"/sites-available/default",
    b"/my.cnf",
    b"/my.ini",
    b"/pg_hba.conf",
    b"/proftpd.conf",
    b"/pure-ftpd.conf",
    b"/vsftpd.conf",
    b"/pureftpd.passwd",
    b"/access.log",
    b"/error.log",
    b"/access_log",
    b"/error_log",
    b"/mysql.log",
    b"/mysql-bin.log",
    b"/mysqld.log",
    b"/shells.log",
    b"/security.log",
    b"/ntuser.dat",
    b"/unattend.xml",
    b"/unattend.txt",
    b"/sysprep.inf",
    b"/sam.log",
    b"/repair/sam",
    b"/repair/system",
    b"/config/sam",
    b"/config/system",
    b"/config/regback/sam",
    b"/secevent.evt",
    b"/wp-config.php",
    b"/config.inc.php",
    b"/localsettings.php",
    b"/drivers/etc/hosts",
    b"/tomcat-users.xml",
    b"/applicationhost.config",
    b"/metabase.xml",
    b"/filezilla server.xml",
    b"/web-inf/web.xml",
    b"/mkuser.default",
    b"/mkuser.sys",
    b"/ctl_diff",
    b"/etc",
];

/// Files that hold what only their owner knows, also below a folder that is not the root.
const PRIVATE: [&[u8]; 23] = [
    b".passwd",
    b".htpasswd",
    b".bash_history",
    b".sh_history",
    b".zsh_history",
    b".mysql_history",
    b".psql_history",
    b".netrc",
    b".pgpass",
    b".my.cnf",
    b".xauthority",
    b".rhosts",
    b".ssh/id_rsa",
    b".ssh/id_dsa",
    b".ssh/id_ecdsa",
    b".ssh/id_ed25519",
    b".ssh/authorized_keys",
    b".aws/credentials",
    b".kube/config",
    b".docker/config.json",
    b".git-credentials",
    b".git/config",
    b".vault-token",
];

/// Folders in which every file is the system's own.
const FOLDERS: [&[u8]; 30] = [
    b"/etc/",
    b"/private/etc/",
    b"/proc/",
    b"/sys/class/net/",
    b"/var/log/",
    b"/var/adm/",
    b"/var/mail/",
    b"/var/spool/",
    b"/var/cron/",
    b"/var/apache",
    b"/var/lib/mysql",
    b"/var/lib/php",
    b"/var/run/secrets/",
    b"/var/www/logs/",
    b"/var/www/log/",
    b"/run/secrets/",
    b"/usr/local/apache",
    b"/usr/local/etc/",
    b"/usr/local/cpanel",
    b"/usr/local/php",
    b"/usr/local/zeus",
    b"/usr/local/psa",
    b"/usr/pkgsrc/",
    b"/usr/spool/",
    b"/usr/home/",
    b"/opt/apache",
    b"/opt/lampp/",
    b"/opt/xampp/",
    b"/apache",
    b"/volumes/macintosh_hd",
];

/// Whether the whole value is the path of a file that belongs to the system.
pub(super) fn names_system_file(value: &[u8]) -> bool {
    if value.len() > PATH_BYTES_MAX || value.len() < 5 {
        return false;
    }
    let clean = value.split(|byte| *byte == 0).next().unwrap_or_default();
    let clean = clean.split(|byte| *byte == b'%').next().unwrap_or(clean);
    let drive = matches!(clean, [b'a'..=b'z', b':', b'/' | b'\\', ..]);
    let local = clean.strip_prefix(b"file:").map(|rest| {
        let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
        rest.get(slashes.saturating_sub(1)..).unwrap_or_default()
    });
    let clean = local.unwrap_or(clean);
    let path: Vec<u8> = clean
        .iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect();
    let rooted = drive || path.starts_with(b"/");
    let plain = path
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-: ~+@".contains(byte));
    let private = PRIVATE.iter().any(|file| {
        path.strip_suffix(*file)
            .is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    });
    let known = FILES.iter().any(|file| path.ends_with(file)) || FOLDERS.iter().any(|folder| path.starts_with(folder));
    plain && ((rooted && known) || private)
}

/// A file of the system behind a climb with slashes of both kinds, or a long one.
pub(super) fn climbs_to_file(value: &[u8]) -> bool {
    let lead = value.iter().take_while(|byte| b"./\\".contains(byte)).count();
    let climb = value.get(..lead).unwrap_or_default();
    let mixed = climb.contains(&b'/') && climb.contains(&b'\\');
    let steps = climb.windows(2).filter(|pair| *pair == b"..").count();
    let mut path = vec![b'/'];
    path.extend(
        value
            .get(lead..value.len().min(lead + PATH_BYTES_MAX))
            .unwrap_or_default(),
    );
    (mixed || steps >= 3) && names_system_file(&path)
}

/// A path that is padded until something behind it is cut off, or climbing of which the slashes were lost on the way.
pub(super) fn is_flood(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"file:").unwrap_or(value);
    let Some(rest) = value.strip_prefix(b"/") else {
        let dots = value.iter().take_while(|byte| **byte == b'.').count();
        let named = |rest: &[u8]| rest.starts_with(b"etc") || rest.ends_with(b".ini") || rest.ends_with(b"passwd");
        return dots >= 8 && value.get(dots..).is_some_and(named);
    };
    let padding = rest.first().copied().unwrap_or(0);
    let len = rest.iter().take_while(|byte| **byte == padding).count();
    padding.is_ascii_alphanumeric() && len >= FLOOD_BYTES_MIN
}
