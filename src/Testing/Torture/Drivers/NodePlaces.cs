using System.Net;

namespace RaftStream.Testing;

/// <summary>Where nodes listen that have an address each: with the same ports all of them.</summary>
/// <param name="system">What runs there.</param>
/// <param name="addressOf">The address of a node.</param>
internal sealed class NodePlaces(ITestedSystem system, Func<int, IPAddress> addressOf)
{
    private const int FirstPort = 7_001;

    private readonly List<string> _ports = [.. system.PeerPorts.Union(system.ClientPorts, StringComparer.Ordinal)];

    /// <summary>Where a node listens with a port, also one that is still to come.</summary>
    /// <exception cref="ArgumentException">The system has no such port, or no node has such an id.</exception>
    public IPEndPoint Of(int node, string port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(node, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(node, NodeSlots.MaxNode);
        var index = _ports.IndexOf(port);
        return index >= 0
            ? new IPEndPoint(addressOf(node), FirstPort + index)
            : throw new ArgumentException($"{system.Name} has no port '{port}', only {string.Join(", ", _ports)}.", nameof(port));
    }
}
