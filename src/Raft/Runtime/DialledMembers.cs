using System.Net;
using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>Tells the transport whom to dial: the members that the log names, and nobody else once it names any. Owned by the consensus thread.</summary>
/// <remarks>
/// Where the operator gave another address than the log had at the start, all nodes may have moved while they were down, and it is the operator's that counts, until the log names a new one.
/// The entry that forms the cluster is such a start, too: its addresses are those that one node was given, and others may reach a member by another.
/// </remarks>
internal sealed class DialledMembers(Membership membership, IReadOnlyDictionary<NodeId, DnsEndPoint> given, TcpTransport transport)
{
    private Configuration? _members;
    private Configuration? _atStart;
    private bool _wasFormed;

    /// <summary>Looks whether the members have changed.</summary>
    public void Follow()
    {
        if (ReferenceEquals(_members, membership.Current))
            return;
        _members = membership.Current;
        if (_atStart is null || !_wasFormed || !membership.IsFormed)
            _atStart = _members;
        _wasFormed = membership.IsFormed;
        var peers = new Dictionary<NodeId, DnsEndPoint>();
        foreach (var member in _members.Members)
        {
            var isAsAtStart = _atStart.Find(member.Id)?.Address == member.Address;
            if (isAsAtStart && given.TryGetValue(member.Id, out var address))
                peers.Add(member.Id, address);
            else if (Addresses.TryParse(member.Address) is { } parsed)
                peers.Add(member.Id, parsed);
        }

        if (peers.Count > 0)
            transport.SetPeers(peers);
    }
}
