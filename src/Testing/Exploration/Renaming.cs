using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>Other names for the nodes, and what a message says under them. The core must not care: <see cref="NodeStates"/> holds it to that.</summary>
internal sealed class Renaming
{
    private readonly int[] _names;

    private Renaming(int[] names) => _names = names;

    /// <summary>All renamings under which learners stay learners, the one that changes nothing first; only that one without symmetry.</summary>
    public static Renaming[] All(ExplorerOptions options)
    {
        var voters = options.Nodes - options.Learners;
        var all = new List<int[]>();
        Extend([0]);
        return [.. all.Select(static names => new Renaming(names))];

        void Extend(List<int> names)
        {
            if (names.Count > options.Nodes)
            {
                all.Add([.. names]);
                return;
            }

            for (var name = 1; name <= options.Nodes; name++)
            {
                // A change of the members ends with a leader that names its heir, the first among equals: names matter there.
                var isAllowed = options.Symmetry && options.Changes == 0 ? (name <= voters) == (names.Count <= voters) : name == names.Count;
                if (isAllowed && !names.Contains(name))
                    Extend([.. names, name]);
            }
        }
    }

    /// <summary>Which of <paramref name="all"/> is <paramref name="first"/> and then this one.</summary>
    public int After(Renaming first, Renaming[] all)
    {
        var names = Array.ConvertAll(first._names, name => _names[name]);
        return Array.FindIndex(all, candidate => candidate._names.AsSpan().SequenceEqual(names));
    }

    /// <summary>A node's other name; nobody stays nobody.</summary>
    public int Of(int node) => _names[node];

    /// <summary>A message between nodes of other names. Their data folders have the numbers of their names.</summary>
    public Envelope Of(Envelope envelope)
    {
        var message = envelope.Message;
        return new(
            message with
            {
                From = Of(message.From),
                To = Of(message.To),
                Disk = (ulong)Of((int)message.Disk),
                Life = (ulong)Of((int)message.Life),
            },
            Array.ConvertAll(envelope.Entries, entry => entry with { Configuration = entry.Configuration is { } members ? Of(members) : null }));
    }

    private NodeId Of(NodeId node) => new(_names[node.Value]);

    private Configuration Of(Configuration members) =>
        new(members.Members.Select(member => member with { Id = Of(member.Id), Disk = (ulong)Of((int)member.Disk) }), Of(members.Highest));
}
