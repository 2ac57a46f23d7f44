//! Validators for what a regex found: check digits and the like, one file a family.
//!
//! A validator looks at the bytes that matched and nothing else. It must end in linear time, whatever they
//! are.

mod americas;
mod asia;
mod bank;
mod card;
mod digits;
mod europe_east;
mod europe_west;
mod phone;
mod randomness;
mod secret;
mod sha256;
mod things;
mod wallet;
mod web;

/// One line a validator: its variant, what it accepts, the name rules call it by, and the function.
macro_rules! checks {
    ($($(#[doc = $what:literal])+ $variant:ident $name:literal $accepts:path;)+) => {
        /// A validator for what a regex found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Check {
            $($(#[doc = $what])+ $variant,)+
        }

        /// The names rules use.
        pub(crate) const CHECKS: &[(&str, Check)] = &[$(($name, Check::$variant),)+];

        impl Check {
            /// Whether the bytes of a match are what they look like.
            pub(crate) fn accepts(self, bytes: &[u8]) -> bool {
                match self {
                    $(Self::$variant => $accepts(bytes),)+
                }
            }
        }
    };
}

// In alphabetical order of the names.
checks! {
    /// Identity number of the Emirates.
    AeId "ae_id" asia::ae_id;
    /// Argentine tax number.
    ArCuit "ar_cuit" americas::ar_cuit;
    /// Austrian insurance number.
    AtSvnr "at_svnr" europe_west::at_svnr;
    /// Australian firm.
    AuAbn "au_abn" asia::au_abn;
    /// Australian health card.
    AuMedicare "au_medicare" asia::au_medicare;
    /// Australian tax number.
    AuTfn "au_tfn" asia::au_tfn;
    /// An access key id of AWS whose account has twelve digits.
    AwsKeyId "aws_key_id" secret::aws_key_id;
    /// The shape of such an id, but none that AWS gives out.
    AwsKeyShape "aws_key_shape" secret::aws_key_shape;
    /// Estonian or Lithuanian personal code.
    Baltic "baltic" europe_east::baltic;
    /// Wallet address with the checksum of its hash.
    Base58check "base58check" wallet::base58check;
    /// Base64 of a name and a password.
    Basic "basic" secret::basic;
    /// Belgian national number.
    BeNational "be_national" europe_west::be_national;
    /// BIP 173 checksum.
    Bech32 "bech32" secret::bech32;
    /// Wallet address of BIP 173 or 350.
    Bech32Address "bech32_address" wallet::bech32;
    /// Bulgarian personal number.
    BgEgn "bg_egn" europe_east::bg_egn;
    /// ISO 9362 with a country that exists.
    Bic "bic" bank::bic;
    /// Brazilian firm.
    BrCnpj "br_cnpj" americas::br_cnpj;
    /// Brazilian person.
    BrCpf "br_cpf" americas::br_cpf;
    /// Canadian insurance number.
    CaSin "ca_sin" americas::ca_sin;
    /// Payment card: check digit, brand and length, no test number.
    Card "card" card::card;
    /// An address that carries a readable text in a code.
    CarriesCode "carries_code" web::carries_code;
    /// A host whose labels carry a text in a code.
    CarriesInHost "carries_in_host" web::carries_in_host;
    /// An address that carries a readable text.
    CarriesText "carries_text" web::carries_text;
    /// Swiss insurance number.
    ChAhv "ch_ahv" europe_west::ch_ahv;
    /// Chilean person or firm.
    ClRut "cl_rut" americas::cl_rut;
    /// Chinese resident.
    CnResident "cn_resident" asia::cn_resident;
    /// Colombian tax number.
    CoNit "co_nit" americas::co_nit;
    /// Latitude and longitude in degrees.
    Coordinates "coordinates" things::coordinates;
    /// Czech or Slovak birth number.
    CzRc "cz_rc" europe_east::cz_rc;
    /// A day of the calendar.
    Date "date" americas::date;
    /// German pension insurance number.
    DeSocial "de_social" europe_west::de_social;
    /// German tax number of a person.
    DeTax "de_tax" europe_west::de_tax;
    /// A bot's token, which begins with its number in base64.
    Discord "discord" secret::discord;
    /// Danish personal number.
    DkCpr "dk_cpr" europe_east::dk_cpr;
    /// Ecuadorian person.
    EcCedula "ec_cedula" americas::ec_cedula;
    /// Mail address that is no placeholder.
    Email "email" things::email;
    /// At least 3.5 bits of Shannon entropy a character.
    Entropy "entropy" randomness::is_dense;
    /// Spanish firm.
    EsCif "es_cif" europe_west::es_cif;
    /// Spanish identity number.
    EsDni "es_dni" europe_west::es_dni;
    /// Spanish identity number of a foreigner.
    EsNie "es_nie" europe_west::es_nie;
    /// Finnish personal code.
    FiHetu "fi_hetu" europe_east::fi_hetu;
    /// French insurance number.
    FrNir "fr_nir" europe_west::fr_nir;
    /// French firm.
    FrSiren "fr_siren" europe_west::fr_siren;
    /// French establishment.
    FrSiret "fr_siret" europe_west::fr_siret;
    /// Health number of England and Wales.
    GbNhs "gb_nhs" europe_west::gb_nhs;
    /// Greek tax number.
    GrAfm "gr_afm" europe_east::gr_afm;
    /// Greek insurance number.
    GrAmka "gr_amka" europe_east::gr_amka;
    /// Hong Kong identity card.
    HkId "hk_id" asia::hk_id;
    /// Croatian personal number.
    HrOib "hr_oib" europe_east::hr_oib;
    /// Hungarian tax number of a person.
    HuTax "hu_tax" europe_east::hu_tax;
    /// ISO 13616 mod-97 check.
    Iban "iban" bank::iban;
    /// Document number of ICAO 9303 with its check digit.
    Icao "icao" europe_west::icao;
    /// Indonesian person.
    IdNik "id_nik" asia::id_nik;
    /// Irish public service number.
    IePps "ie_pps" europe_west::ie_pps;
    /// Israeli person.
    IlId "il_id" asia::il_id;
    /// Mobile device.
    Imei "imei" card::imei;
    /// Indian person.
    InAadhaar "in_aadhaar" asia::in_aadhaar;
    /// Indian tax number of a firm.
    InGstin "in_gstin" asia::in_gstin;
    /// Icelandic person or firm.
    IsKennitala "is_kennitala" europe_east::is_kennitala;
    /// Italian fiscal code.
    ItFiscalCode "it_fiscal_code" europe_west::it_fiscal_code;
    /// Italian firm.
    ItVat "it_vat" europe_west::it_vat;
    /// Person of a country of former Yugoslavia.
    Jmbg "jmbg" europe_east::jmbg;
    /// Japanese person.
    JpMyNumber "jp_my_number" asia::jp_my_number;
    /// A signed token whose head names an algorithm.
    Jwt "jwt" secret::jwt;
    /// A block of base64 that is long enough for a private key.
    KeyBlock "key_block" secret::key_block;
    /// Korean resident.
    KrRrn "kr_rrn" asia::kr_rrn;
    /// A host that reads like a well-known name, and is not it.
    LookalikeHost "lookalike_host" web::lookalike_host;
    /// ISO/IEC 7812 check digit, at least 12 digits.
    Luhn "luhn" card::luhn;
    /// Latvian personal code.
    LvPerson "lv_person" europe_east::lv_person;
    /// Network card.
    Mac "mac" things::mac;
    /// Random, of letters and digits in turn.
    Mixed "mixed" secret::mixed;
    /// Mexican account number.
    MxClabe "mx_clabe" bank::mx_clabe;
    /// Mexican person.
    MxCurp "mx_curp" americas::mx_curp;
    /// Mexican tax number.
    MxRfc "mx_rfc" americas::mx_rfc;
    /// Malaysian person.
    MyNric "my_nric" asia::my_nric;
    /// Dutch citizen number.
    NlBsn "nl_bsn" europe_west::nl_bsn;
    /// Norwegian person.
    NoPerson "no_person" europe_east::no_person;
    /// New Zealand tax number.
    NzIrd "nz_ird" asia::nz_ird;
    /// A link whose text is another address than it leads to.
    OtherHost "other_host" web::other_host;
    /// A password that somebody chose, no placeholder.
    Password "password" secret::password;
    /// Peruvian tax number.
    PeRuc "pe_ruc" americas::pe_ruc;
    /// Telephone number of a plan that exists, none for fiction.
    Phone "phone" phone::phone;
    /// Polish tax number.
    PlNip "pl_nip" europe_east::pl_nip;
    /// Polish person.
    PlPesel "pl_pesel" europe_east::pl_pesel;
    /// Polish firm.
    PlRegon "pl_regon" europe_east::pl_regon;
    /// Portuguese tax number.
    PtNif "pt_nif" europe_west::pt_nif;
    /// IPv4 address of the open net, none of documentation.
    PublicIpv4 "public_ipv4" things::public_ipv4;
    /// IPv6 address of the open net, none of documentation.
    PublicIpv6 "public_ipv6" things::public_ipv6;
    /// Drawn by chance, not typed, no placeholder.
    Random "random" secret::random;
    /// Romanian person.
    RoCnp "ro_cnp" europe_east::ro_cnp;
    /// Russian tax number.
    RuInn "ru_inn" europe_east::ru_inn;
    /// Russian insurance number.
    RuSnils "ru_snils" europe_east::ru_snils;
    /// Swedish person.
    SePerson "se_person" europe_east::se_person;
    /// Person in Singapore.
    SgNric "sg_nric" asia::sg_nric;
    /// Card number published for tests.
    TestCard "test_card" card::test_card;
    /// Thai person.
    ThId "th_id" asia::th_id;
    /// CRC-32 of a token in its last six characters.
    TokenCrc "token_crc" secret::token_crc;
    /// The shape of such a token with another tail.
    TokenWithoutCrc "token_without_crc" secret::token_without_crc;
    /// Turkish person.
    TrKimlik "tr_kimlik" europe_east::tr_kimlik;
    /// Person in Taiwan.
    TwId "tw_id" asia::tw_id;
    /// Ukrainian tax number.
    UaRnokpp "ua_rnokpp" europe_east::ua_rnokpp;
    /// Routing number of the United States.
    UsAba "us_aba" bank::us_aba;
    /// Registration to prescribe in the United States.
    UsDea "us_dea" americas::us_dea;
    /// Provider of health care in the United States.
    UsNpi "us_npi" card::us_npi;
    /// Social security number that may have been given out.
    UsSsn "us_ssn" americas::us_ssn;
    /// Vehicle identification number.
    Vin "vin" things::vin;
    /// Base64 of a private key block.
    WrappedKey "wrapped_key" secret::wrapped_key;
    /// South African person.
    ZaId "za_id" asia::za_id;
}

#[cfg(test)]
mod tests {
    use super::CHECKS;

    #[test]
    fn names_are_sorted_so_that_none_stands_twice() {
        assert!(CHECKS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
