using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Hosting;

/// <summary>Reads and writes lists of members: <c>1=host:port,2=host:port</c>.</summary>
internal static class MemberList
{
    /// <summary>The most members a cluster may have.</summary>
    public const int MaxMembers = 9;

    /// <summary>Reads a list; the order does not matter. <paramref name="flag"/> says where it stood.</summary>
    /// <exception cref="UsageException">It is no such list, or an id or an address is there twice.</exception>
    public static IReadOnlyDictionary<NodeId, DnsEndPoint> Parse(string text, string flag = "--cluster")
    {
        var members = new Dictionary<NodeId, DnsEndPoint>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var (id, address) = ParseMember(part, flag);
            if (members.Values.Any(other => other.Port == address.Port && string.Equals(other.Host, address.Host, StringComparison.OrdinalIgnoreCase)))
                throw new UsageException($"{flag} names the address {Addresses.Format(address)} twice: each member needs its own.");
            if (!members.TryAdd(id, address))
                throw new UsageException($"{flag} names node {id} twice: each member needs its own id.");
        }
        if (members.Count > MaxMembers)
            throw new UsageException($"{flag} names {members.Count} members: at most {MaxMembers} make a cluster.");
        return members;
    }

    /// <summary>The canonical text: by id, without blanks.</summary>
    public static string Format(IReadOnlyDictionary<NodeId, DnsEndPoint> members) =>
        string.Join(',', members.OrderBy(member => member.Key).Select(member => $"{member.Key}={Addresses.Format(member.Value)}"));

    /// <summary>
    /// The cluster's id: 16 bytes of the SHA-256 of its name, or of the members where it has none, so that nodes of two clusters that
    /// reach each other by mistake refuse each other.
    /// </summary>
    public static Guid ClusterGuid(string? name, IReadOnlyDictionary<NodeId, DnsEndPoint> members)
    {
        var text = string.IsNullOrEmpty(name) ? "members:" + Format(members) : "name:" + name;
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16), bigEndian: true);
    }

    private static (NodeId Id, DnsEndPoint Address) ParseMember(string part, string flag)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            throw new UsageException($"{flag} has '{part}' where a member should be: write 1=host:port,2=host:port,...");
        if (!int.TryParse(part.AsSpan(0, equals), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id is < 1 or > NodeId.MaxValue)
            throw new UsageException($"{flag} has the id '{part[..equals]}': an id is a number from 1 to {NodeId.MaxValue}.");
        return (new NodeId(id), Addresses.Parse(part[(equals + 1)..], flag, allowPortZero: false));
    }
}

/// <summary>Reads and writes addresses: <c>host:port</c>, <c>[v6]:port</c>.</summary>
internal static class Addresses
{
    /// <summary>Reads one address; <paramref name="flag"/> says where it stood.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static DnsEndPoint Parse(string text, string flag, bool allowPortZero)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            throw new UsageException($"{flag} has the address '{text}': write an IPv6 address in brackets, [::1]:8080.");
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
            throw new UsageException($"{flag} has the address '{text}': write host:port, such as 127.0.0.1:8080.");
        var least = allowPortZero ? 0 : 1;
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port < least || port > 65_535)
            throw new UsageException($"{flag} has the address '{text}': its port must be a number from {least} to 65535.");
        return new DnsEndPoint(host, port);
    }

    /// <summary>Reads one address by which others are to find this machine.</summary>
    /// <exception cref="UsageException">It is none, or that of every machine.</exception>
    public static DnsEndPoint Dialable(string text, string flag)
    {
        var address = Parse(text, flag, allowPortZero: false);
        return address.Host is "0.0.0.0" or "::" ? throw new UsageException($"{flag} {text} is no address that others can dial: give one of this machine.") : address;
    }

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public static string Format(DnsEndPoint address) =>
        address.Host.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]:{address.Port}" : $"{address.Host}:{address.Port}";
}
