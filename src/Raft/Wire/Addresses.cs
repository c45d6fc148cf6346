using System.Globalization;
using System.Net;

namespace RaftStream.Raft.Wire;

/// <summary>Addresses as members carry them: <c>host:port</c>, an IPv6 address in brackets.</summary>
internal static class Addresses
{
    /// <summary>The endpoint, or null where the text is none.</summary>
    public static DnsEndPoint? TryParse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > IPEndPoint.MaxPort)
            return null;
        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
            host = inner;
        return host.Length is > 0 and <= 255 && !host.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)) ? new(host, port) : null;
    }
}
