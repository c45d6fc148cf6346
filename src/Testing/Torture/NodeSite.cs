namespace RaftStream.Testing;

/// <summary>Where a node is to run: its folder, where it listens and under which addresses it finds the others. Made by a driver.</summary>
/// <param name="Id">The node, from 1.</param>
/// <param name="FirstMembers">The nodes that form the cluster.</param>
/// <param name="Folder">Its own folder; it is there, survives restarts, and what the node leaves in it stays.</param>
public sealed record NodeSite(int Id, IReadOnlyList<int> FirstMembers, string Folder)
{
    /// <summary>Where the node must listen with the port of a name: host:port.</summary>
    public required Func<string, string> Listen { get; init; }

    /// <summary>
    /// Where others find this node's port of a name, host:port, for a node that tells them: the lab may stand there, too, and then knows who dials. Where it
    /// listens, if a driver does not say otherwise.
    /// </summary>
    public Func<string, string> Advertise { get => field ?? Listen; init; }

    /// <summary>Where this node finds another node's port of a name: host:port. Between them may stand a proxy.</summary>
    public required Func<int, string, string> Reach { get; init; }

    /// <summary>Whether the node joins a cluster that runs.</summary>
    public bool Joins => !FirstMembers.Contains(Id);
}

/// <summary>A program to run.</summary>
/// <param name="File">Its file, or a name to be looked for on the path.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record NodeProgram(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>Variables of its environment beside those it inherits.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
