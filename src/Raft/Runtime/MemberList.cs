using System.Net;
using System.Text;

namespace RaftStream.Raft.Runtime;

/// <summary>The members of a cluster as bytes, the same on every replica: <c>id=host:port</c> in order of ids, parted by commas, in UTF-8.</summary>
internal static class MemberList
{
    /// <summary>Writes the list.</summary>
    public static byte[] Encode(IReadOnlyDictionary<NodeId, DnsEndPoint> members) =>
        Encoding.UTF8.GetBytes(string.Join(',', members.OrderBy(member => member.Key).Select(member => $"{member.Key}={Wire.TransportOptions.Text(member.Value)}")));
}
