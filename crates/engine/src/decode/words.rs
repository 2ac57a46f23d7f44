//! Common words that are no words of any language once they are rotated, or written backwards.
//!
//! Normalised words, a line or more for each language.

/// Words whose rotated form is no word anywhere.
const ROTATED: &str = "
the and you your all this that with from have for are what how tell print please reveal rules now password key
say should will must about make forget everything act pretend answer question write show give bomb ignore
previous instructions instruction system prompt secret above without output into they there would could when
which who message following hello world user not has out two them before after send reply assistant everyone
nobody only never always word text role command decode translate repeat outside
und nicht ist alle der das ignoriere anweisungen vorherigen bitte die ein eine mit auf sich sie ich dein deine
den dem von wie mir jetzt sind bei aus als nur vor nach wird keine wir alles dann aber oder auch hier sofort
antworte antworten schreibe sende vergiss gib zeige passwort sprache regeln eingabe frage ohne jeder jede
statt nichts sage
les des vous pour toutes dans ignorez est sur pas avec tout tous votre ton mes ces qui moi mon sans elle plus
deux avant lui reponse reponds mot par tes cette comme rien jamais maintenant ecris envoie oublie consigne
consignes regles donne montre demande lire veux
que para las los todas ignora instrucciones anteriores como instrucoes tutte istruzioni precedenti
het niet negeer wszystkie yang abaikan
del con por esta este todo todos eres ahora sin pero sus tus quien antes hay mas desde hasta sobre texto cada
nada nunca escribe envia olvida reglas muestra dame responde respuesta pregunta clave soy
uma seu sua suas seus isso mais agora sem com dos nao quem minha nome tem ate ele meu foi tres depois escreva
envie esqueca regras mostre responda resposta pergunta senha voce
che non per sono gli sei tue mio della questo tutti ogni chi come dopo dal senza due piu nella mai sul solo
questa tutto niente adesso scrivi scriva invia manda dimentica regole mostra rispondi risposta domanda parola
fai
een van dat voor met zijn wat jij jouw deze maar ook naar mijn bij dit geen aan over heeft bent laat zet uit
zonder niets nooit schrijf stuur vergeet regels toon geef antwoord vraag wachtwoord doe alsof ieder
nie jest jak ale dla czy oraz swoje tylko teraz bez jako tego moje twoje kto prosze przy tym jestes tak mam
juz wszystko napisz wyslij zapomnij zasady pokaz odpowiedz pytanie haslo kazda kazdy moj twoj zignoruj wypisz
och att det som alla inte med till ett dina ska utan visa jag gar fran dig allt mig skriv aldrig skicka glom
regler svara fraga losenord vad sagt hela
bir bana olarak gibi kadar daha sistem ile her yeni sonra icin yok degil yap yaz sadece artik hemen gorev eski
kural kurallar gonder unut goster cevap yanit sifre soru sey hepsi onemli mesaj
dan untuk dengan semua ini itu anda tidak kamu saya dari tanpa atau sekarang
care toate pentru acum din fara cum cine cere asta esti daca sunt nimic scrie trimite uita reguli arata
raspunde intrebare
kwa yako zote sasa khong cua
ikke jeg alt nar ingen skal uden aldri glem vis sporgsmal passord adgangskode hvad hva til
oma mita etta niin eika joka miten vain kaikki ilman ala nyt kirjoita laheta unohda saannot nayta vastaa
salasana mutta
jsem jsi jen podle dnes prosim ako pri nech vsechno ted napis posli zapomen pravidla ukaz odpovez heslo otazka
neni
nem egy kell hogy aki mert vagy meg csak minden soha most ird kuldd felejtsd szabalyok mutasd valaszolj jelszo
kerdes
aku ada kalau jangan satu bisa mau tulis kirim lupakan aturan tunjukkan jawab pertanyaan sandi saja lagi
sebelum kepada saat sejak hanya wajib
kila kabla kama yote wewe hii bila andika tuma sahau jibu swali yung lang mga hindi tapos bago lahat huwag
isulat ipadala sagot tanong
hai nahi mera mere kya kar karo likh bata batao tumhe tujhe pehle sab bhool jao bhejo sawal bina isko usko
uska
amb sense abans tot res escriu oblida respon
";

/// Words that are no word anywhere when written backwards.
const REVERSED: &str = "
the and you your all this that with from have what how will must about make write answer question everything
forget above ignore previous instructions instruction system prompt rules secret password reveal print please
should would could they there when which where without into output message following hello world user text
bomb give show pretend their these because only first then last after reply assistant customer list command
line word outside follow decode always everyone
und nicht ist bitte eine ignoriere anweisungen vorherigen nach wird keine noch auch dass hier sich einen wenn
dann antworte schreibe sende vergiss alles assistenten neue jetzt sofort passwort regeln
vous pour toutes dans ignorez sans plus avant votre reponse tout jamais reponds ecris envoie oublie consigne
consignes maintenant cette comme
que todas instrucciones anteriores ignora instrucoes che tutte istruzioni precedenti
niet negeer wszystkie poprzednie instrukcje bir talimat yang abaikan
все что это для инструкции предыдущие забудь системные правила ответь если только один ответ после меня чтобы
потом можно сразу отвечает внимания обращаите словом ответьте теперь напиши отправь
como para quien esta este antes desde hasta sobre texto todo ahora escribe envia olvida reglas responde
respuesta
quem minha nome depois conta nada pode agora escreva envie regras responda resposta senha verificacao
come della dopo senza solo questo questa quando scrivi invia dimentica regole rispondi risposta nota account
voor mijn geen deze zijn heeft maar zonder naar moet wordt schrijf stuur vergeet regels antwoord
jest tylko przy jestes niech wszystko teraz napisz wyslij zasady odpowiadaj asystenta nowe odpowiedz
inte till fran aldrig svarar allt skriv hvad skicka regler utan uden
degil olarak artik sonra yanit gonder kurallar yeni mesaj sadece
dari kamu kalau jangan tidak untuk semua sekarang tulis jawab hanya saya asisten ditanya permintaan sebagai
kepada sebelum
jako jsem podle prosim nech kell hogy minden csak pentru fara daca sunt raspunde joka miten vain kaikki
khong trong duoc cung nguoi minh
якщо слово немає після лише треба можна відповідаите попередні вказівки тільки запит повторіть
които след всички сада само нека игнорираи забрави
ειναι στην οποιος μονο θελει πριν τωρα γραψε οδηγιες κανονες αγνοησε
جميع تعليمات تجاهل السوال اكتب الرسايل السابقة القواعد
میشود نیست برای بنویس دستور قبلی پہلے نہیں تمام ہدایات
הוראות התעלם קודמות כתוב עכשיו לפני
";

/// Words whose rotated form is no word anywhere.
pub(crate) fn rotated() -> impl Iterator<Item = &'static str> {
    ROTATED.split_ascii_whitespace()
}

/// Words that are no word anywhere when written backwards.
pub(crate) fn reversed() -> impl Iterator<Item = &'static str> {
    REVERSED.split_ascii_whitespace()
}
