//! What partners call the fields of the catalogue, in English, French, German and Spanish.

/// A field, the scopes in which its labels mean it (none: all), and its labels as [`super::words::key`] has them.
pub(super) type Synonym = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The labels. A label that is the name of the field itself is not listed.
// A line for each label would hide what belongs together.
#[rustfmt::skip]
pub(super) const SYNONYMS: [Synonym; 52] = [
    ("customer_key", &[], &[
        "customerid", "customerno", "customernumber", "customercode", "clientid", "numeroclient",
        "noclient", "nclient", "idclient", "codeclient", "kundennummer", "kundennr", "kundenid", "kdnr",
        "idcliente", "codigocliente", "numerocliente", "memberid", "userid",
    ]),
    ("email", &[], &[
        "emailaddress", "mail", "mailaddress", "courriel", "adresseemail", "adressemail",
        "adresseelectronique", "mailadresse", "emailadresse", "correo", "correoelectronico",
        "customeremail", "contactemail",
    ]),
    ("cellphone", &[], &[
        "mobile", "mobilephone", "mobilenumber", "cell", "cellnumber", "portable", "telephoneportable",
        "telportable", "mobil", "mobilnummer", "handy", "handynummer", "mobiltelefon", "movil",
        "telefonomovil", "celular",
    ]),
    ("cellphone", &["contacts"], &[
        "phone", "phonenumber", "telephone", "tel", "telefon", "telefonnummer", "telefono",
    ]),
    ("phone", &["stores"], &[
        "phonenumber", "telephone", "tel", "telefon", "telefonnummer", "telefono",
    ]),
    ("civility", &[], &[
        "title", "salutation", "civilite", "anrede", "tratamiento", "titre",
    ]),
    ("firstname", &[], &[
        "givenname", "forename", "prenom", "vorname", "nombre", "nombredepila",
    ]),
    ("lastname", &[], &[
        "surname", "familyname", "nom", "nomdefamille", "nachname", "familienname", "apellido", "apellidos",
    ]),
    ("lang", &[], &[
        "language", "locale", "langue", "sprache", "idioma", "lengua",
    ]),
    ("birthdate", &[], &[
        "birthday", "dateofbirth", "dob", "datedenaissance", "naissance", "datenaissance", "geburtsdatum",
        "geburtstag", "fechadenacimiento", "fechanacimiento", "nacimiento",
    ]),
    ("address", &[], &[
        "street", "address1", "addressline1", "streetaddress", "adresse", "rue", "strasse", "direccion",
        "calle", "strassehausnummer", "defaultaddressaddress1",
    ]),
    ("zipcode", &[], &[
        "zip", "postcode", "postalcode", "codepostal", "cp", "plz", "postleitzahl", "codigopostal",
        "defaultaddresszip",
    ]),
    ("city", &[], &[
        "town", "ville", "ort", "stadt", "wohnort", "ciudad", "poblacion", "localidad",
        "defaultaddresscity",
    ]),
    ("country", &[], &[
        "countrycode", "pays", "codepays", "land", "landercode", "laenderkennzeichen", "pais", "codigopais",
        "defaultaddresscountrycode",
    ]),
    ("store_id", &[], &[
        "store", "storecode", "storeno", "storenumber", "shopid", "shopcode", "magasin", "codemagasin",
        "idmagasin", "numeromagasin", "filiale", "filialnummer", "filialnr", "filialid", "tienda",
        "idtienda", "codigotienda", "branch", "branchid",
    ]),
    ("optin_date", &[], &[
        "optindate", "consentdate", "dateoptin", "subscribedat", "dateconsentement", "emailoptindate",
    ]),
    ("contact", &[], &[
        "email", "customeremail", "contactemail", "emailaddress", "mail", "courriel", "emailadresse",
        "correo", "customer", "client", "kunde", "cliente",
    ]),
    ("order_id", &[], &[
        "order", "orderno", "ordernumber", "ordernr", "ordercode", "orderref", "orderreference", "commande",
        "numerocommande", "numerodecommande", "nocommande", "ncommande", "idcommande", "refcommande",
        "bestellnummer", "bestellnr", "bestellung", "auftragsnummer", "auftragsnr", "auftrag", "pedido",
        "idpedido", "numeropedido", "numerodepedido", "npedido", "cartid",
    ]),
    ("order_date", &[], &[
        "orderedat", "orderedon", "orderplaced", "dateofpurchase", "purchasedate", "datecommande",
        "datedecommande", "bestelldatum", "auftragsdatum", "fechapedido", "fechadepedido", "createdat",
    ]),
    ("total_price", &[], &[
        "total", "totalamount", "amount", "grandtotal", "ordertotal", "totalttc", "montant", "montantttc",
        "montanttotal", "gesamt", "gesamtbetrag", "gesamtpreis", "betrag", "summe", "importe",
        "importetotal", "totalpedido",
    ]),
    ("discount", &[], &[
        "discountamount", "remise", "reduction", "rabatt", "nachlass", "descuento",
    ]),
    ("shipping", &[], &[
        "shippingcost", "shippingamount", "delivery", "fraisdeport", "livraison", "versand",
        "versandkosten", "envio", "gastosdeenvio",
    ]),
    ("tax", &[], &[
        "taxes", "vat", "vatamount", "tva", "taxe", "mwst", "steuer", "iva", "impuestos",
    ]),
    ("currency", &[], &[
        "currencycode", "devise", "monnaie", "wahrung", "waehrung", "moneda", "divisa",
    ]),
    ("line_count", &[], &[
        "lines", "linecount", "itemcount", "nblignes", "positionen", "anzahlpositionen",
    ]),
    ("status", &[], &[
        "state", "orderstatus", "statut", "etat", "estado",
    ]),
    ("card_code", &[], &[
        "cardnumber", "cardno", "loyaltycard", "loyaltynumber", "numerocarte", "numerodecarte", "carte",
        "kartennummer", "kundenkarte", "tarjeta", "numerotarjeta",
    ]),
    ("product_id", &[], &[
        "sku", "productcode", "productno", "productnumber", "productref", "product", "article", "articleid",
        "articleno", "articlenumber", "articlecode", "itemid", "itemno", "itemnumber", "itemcode",
        "refproduit", "codeproduit", "idproduit", "reference", "referenceproduit", "refarticle",
        "codearticle", "artikel", "artikelnummer", "artikelnr", "artnr", "produktid", "produktnummer",
        "idproducto", "codigoproducto", "referencia", "articulo", "variantsku",
    ]),
    ("name", &["products", "masterreward"], &[
        "title", "productname", "producttitle", "designation", "libelle", "nom", "nomproduit",
        "bezeichnung", "produktname", "artikelbezeichnung", "nombre", "nombreproducto", "itemname",
        "articlename",
    ]),
    ("name", &["stores"], &[
        "storename", "shopname", "nom", "nommagasin", "filialname", "nombre", "nombretienda", "branchname",
    ]),
    ("description", &[], &[
        "longdescription", "descriptif", "beschreibung", "descripcion", "body",
    ]),
    ("category", &[], &[
        "categories", "productcategory", "producttype", "type", "categorie", "kategorie", "rubrique",
        "categoria", "warengruppe", "famille",
    ]),
    ("brand", &[], &[
        "vendor", "manufacturer", "marque", "marke", "hersteller", "marca", "fabricant",
    ]),
    ("ean", &[], &[
        "ean13", "eancode", "gtin", "barcode", "upc", "codebarres", "codeean", "strichcode",
        "codigodebarras",
    ]),
    ("price", &[], &[
        "unitprice", "sellingprice", "retailprice", "prix", "prixttc", "prixdevente", "preis",
        "verkaufspreis", "vkpreis", "vk", "precio", "pvp", "variantprice",
    ]),
    ("stock", &[], &[
        "quantity", "qty", "stockquantity", "inventory", "onhand", "quantite", "qte", "bestand",
        "lagerbestand", "menge", "existencias", "cantidad",
    ]),
    ("product_url", &[], &[
        "url", "link", "producturl", "productlink", "lien", "urlproduit", "enlace", "deeplink",
    ]),
    ("image_url", &[], &[
        "image", "imageurl", "imagelink", "imagesrc", "picture", "photo", "bild", "bildurl", "imagen",
        "urlimage",
    ]),
    ("active", &[], &[
        "isactive", "enabled", "published", "available", "actif", "aktiv", "activo", "open",
    ]),
    ("quantity", &["ordersitems"], &[
        "qty", "quantite", "qte", "menge", "anzahl", "cantidad", "pieces", "units", "lineitemquantity",
    ]),
    ("unit_price", &["ordersitems"], &[
        "price", "unitprice", "prixunitaire", "prix", "einzelpreis", "stuckpreis", "preis",
        "preciounitario", "precio", "lineitemprice",
    ]),
    ("size", &[], &[
        "taille", "grosse", "groesse", "talla", "tamano",
    ]),
    ("color", &[], &[
        "colour", "couleur", "farbe",
    ]),
    ("manager", &[], &[
        "storemanager", "responsable", "filialleiter", "gerente",
    ]),
    ("latitude", &[], &[
        "lat", "breitengrad", "latitud",
    ]),
    ("longitude", &[], &[
        "lng", "lon", "long", "langengrad", "longitud",
    ]),
    ("opened_on", &[], &[
        "openingdate", "openedat", "dateouverture", "eroffnung", "eroffnungsdatum", "fechaapertura",
    ]),
    ("reward_id", &[], &[
        "reward", "rewardcode", "couponcode", "coupon",
    ]),
    ("batch_id", &[], &[
        "batch", "batchno",
    ]),
    ("event_id", &[], &[
        "event", "eventno",
    ]),
    ("event_name", &[], &[
        "eventtype", "action",
    ]),
    ("event_date", &[], &[
        "occurredat", "eventtime", "timestamp",
    ]),
];

/// Labels that mean the key of a scope where the name of the file says what it holds.
pub(super) const BARE_KEYS: [&str; 14] = [
    "id",
    "code",
    "number",
    "no",
    "nr",
    "num",
    "ref",
    "key",
    "numero",
    "nummer",
    "reference",
    "handle",
    "kennung",
    "codigo",
];

/// What files of a scope are called.
// A line for each label would hide what belongs together.
#[rustfmt::skip]
pub(super) const SUBJECTS: [(&str, &[&str]); 9] = [
    ("contacts", &[
        "contact", "contacts", "customer", "customers", "client", "clients", "clientes", "kunden", "kunde",
        "crm", "members", "subscribers", "users", "personen", "adressen",
    ]),
    ("stores", &[
        "store", "stores", "shop", "shops", "magasins", "magasin", "filialen", "filiale", "tiendas",
        "branches",
    ]),
    ("products", &[
        "product", "products", "produits", "produit", "produkte", "produkt", "productos", "articles",
        "article", "artikel", "items", "catalog", "catalogue", "katalog", "skus",
    ]),
    ("orders", &[
        "order", "orders", "commandes", "commande", "bestellungen", "bestellung", "auftrage", "auftraege",
        "pedidos", "sales", "ventes",
    ]),
    ("ordersitems", &[
        "orderitems", "ordersitems", "orderlines", "lineitems", "lignes", "positionen", "lineas",
        "positions",
    ]),
    ("abandonedcarts", &[
        "cart", "carts", "abandoned", "paniers", "warenkorbe", "carritos",
    ]),
    ("events", &[
        "event", "events", "evenements", "ereignisse", "eventos",
    ]),
    ("deletecontacts", &[
        "delete", "deleted", "deletions", "unsubscribe", "unsubscribes", "removals", "erasure",
        "loschungen",
    ]),
    ("cardcode", &[
        "cards", "cardcodes", "cartes", "karten", "tarjetas",
    ]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tidewaiter::schema::catalogue;

    use super::super::words::key;
    use super::*;

    #[test]
    fn synonyms_are_keys_of_labels_for_fields_that_exist() {
        for (field, scopes, labels) in SYNONYMS {
            let has = |scope: &str| catalogue::scopes()[scope].fields.iter().any(|known| known.name == field);
            let is_known = if scopes.is_empty() {
                catalogue::names().any(has)
            } else {
                scopes.iter().all(|scope| has(scope))
            };
            assert!(is_known, "{field} in {scopes:?}");
            for label in labels {
                assert_eq!(key(label), *label, "{field}");
            }
            assert_eq!(labels.iter().collect::<HashSet<_>>().len(), labels.len(), "{field}");
        }
        for (scope, _) in SUBJECTS {
            assert!(catalogue::scopes().contains_key(scope), "{scope}");
        }
    }
}
