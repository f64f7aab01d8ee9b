"""Certificates for tests of TLS: authorities, and what they sign."""
import base64
import datetime
import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def pin_of(certificate):
    """SHA-256 of the public key, in base64."""
    spki = certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Issued:
    """A certificate and its key, in two files of a folder."""
    def __init__(self, folder, name, certificate, key):
        self.pem, self.key, self.pin = folder / f"{name}.pem", folder / f"{name}.key", pin_of(certificate)
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        for path, data in (self.pem, certificate.public_bytes(serialization.Encoding.PEM)), (self.key, private):
            temporary = path.with_suffix(".new")
            temporary.write_bytes(data)
            temporary.rename(path)


class Authority:
    def __init__(self, folder, name="lab authority"):
        self.folder, self.subject, self.key = folder, common_name(name), ec.generate_private_key(ec.SECP256R1())
        self.serial = 1
        own = self._build(self.subject, self.key, DAY, -DAY).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = folder / (name.replace(" ", "-") + ".pem")
        self.pem.write_bytes(own.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, key, ends_in, begins_in):
        now = datetime.datetime.utcnow()
        self.serial += 1
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject).public_key(key.public_key())
                .serial_number(self.serial).not_valid_before(now + begins_in).not_valid_after(now + ends_in))

    def issue(self, name, *names, ends_in=DAY, begins_in=-2 * DAY, folder=None):
        """NAME.pem and NAME.key for the host names and addresses, made anew when they are there."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = []
        for text in names:
            try:
                alternatives.append(x509.IPAddress(ipaddress.ip_address(text)))
            except ValueError:
                alternatives.append(x509.DNSName(text))
        builder = self._build(common_name(name), key, ends_in, begins_in)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return Issued(folder or self.folder, name, builder.sign(self.key, hashes.SHA256()), key)
