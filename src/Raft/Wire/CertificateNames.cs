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
        return AlternativeNamesOf(certificate).Exists(one => one.IsUri ? IsUriOf(one.Text, name) : one.Text.Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The URIs among its subject alternative names. Never throws, whatever is in it.</summary>
    public static IEnumerable<string> UrisOf(X509Certificate2 certificate) =>
        AlternativeNamesOf(certificate).Where(static one => one.IsUri).Select(static one => one.Text);

    /// <summary>The base class library tells only DNS names and addresses, hence the walk over the names themselves (RFC 5280, 4.2.1.6).</summary>
    private static List<(bool IsUri, string Text)> AlternativeNamesOf(X509Certificate2 certificate)
    {
        var found = new List<(bool IsUri, string Text)>();
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != AlternativeNames)
                continue;
            try
            {
                Read(extension.RawData, found);
            }
            catch (Exception damage) when (damage is AsnContentException or CryptographicException)
            {
                // What is damaged names nobody; what stood before the damage does not count, either.
                return [];
            }
        }

        return found;
    }

    private static void Read(byte[] extension, List<(bool IsUri, string Text)> found)
    {
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            var tag = names.PeekTag();
            if (tag.HasSameClassAndValue(DnsName) || tag.HasSameClassAndValue(Uri))
                found.Add((tag.HasSameClassAndValue(Uri), names.ReadCharacterString(UniversalTagNumber.IA5String, tag)));
            else
                names.ReadEncodedValue();
        }
    }

    private static bool IsUriOf(string uri, string name) =>
        uri.Equals(name, StringComparison.Ordinal)
        || (uri.EndsWith(name, StringComparison.Ordinal) && uri[uri.Length - name.Length - 1] == '/');
}
