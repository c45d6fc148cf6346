using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Raft.Wire;

/// <summary>Which node a certificate is for.</summary>
internal static class CertificateNames
{
    private const string AlternativeNames = "2.5.29.17";

    private static readonly Asn1Tag DnsName = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag Uri = new(TagClass.ContextSpecific, 6);

    /// <summary>The name that a node's certificate must have.</summary>
    public static string Of(NodeId node) => string.Create(CultureInfo.InvariantCulture, $"node-{node.Value}");

    /// <summary>Whether the certificate names that node in its subject alternative names. Never throws, whatever is in it.</summary>
    public static bool Names(X509Certificate2 certificate, NodeId node)
    {
        var name = Of(node);
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value == AlternativeNames && HasName(extension.RawData, name))
                return true;
        }

        return false;
    }

    /// <summary>The base class library tells only DNS names and addresses, hence the walk over the names themselves (RFC 5280, 4.2.1.6).</summary>
    private static bool HasName(byte[] extension, string name)
    {
        try
        {
            var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                var tag = names.PeekTag();
                if (tag.HasSameClassAndValue(DnsName) && names.ReadCharacterString(UniversalTagNumber.IA5String, tag).Equals(name, StringComparison.OrdinalIgnoreCase))
                    return true;
                if (tag.HasSameClassAndValue(Uri) && IsUriOf(names.ReadCharacterString(UniversalTagNumber.IA5String, tag), name))
                    return true;
                if (!tag.HasSameClassAndValue(DnsName) && !tag.HasSameClassAndValue(Uri))
                    names.ReadEncodedValue();
            }

            return false;
        }
        catch (Exception damage) when (damage is AsnContentException or CryptographicException)
        {
            return false;
        }
    }

    private static bool IsUriOf(string uri, string name) =>
        uri.Equals(name, StringComparison.Ordinal)
        || (uri.EndsWith(name, StringComparison.Ordinal) && uri[uri.Length - name.Length - 1] == '/');
}
