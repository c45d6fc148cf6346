namespace RaftStream.Testing;

/// <summary>What may happen to a node.</summary>
internal enum NodeInputKind
{
    /// <summary>Its heartbeat is due, and it leads.</summary>
    Beat = 0,

    /// <summary>The same, so late that what is unanswered is sent again.</summary>
    Resend = 1,

    /// <summary>A client proposes an entry.</summary>
    Propose = 2,

    /// <summary>Its disk completes the oldest write.</summary>
    Sync = 3,

    /// <summary>It crashes and starts again.</summary>
    Crash = 4,

    /// <summary>Its election timer ends, and a peer grants its pre-vote.</summary>
    Timeout = 5,

    /// <summary>A peer tells it of a later term.</summary>
    Notice = 6,

    /// <summary>It is asked to change the members.</summary>
    Change = 7,

    /// <summary>A message reaches it.</summary>
    Deliver = 8,
}

/// <summary>One thing that happens to a node.</summary>
/// <param name="Kind">What.</param>
/// <param name="Peer">Timeout and Notice: by whom.</param>
/// <param name="Argument">Notice: the term. Change: the number of the change. Deliver: the number of the message.</param>
internal readonly record struct NodeInput(NodeInputKind Kind, int Peer, int Argument);

/// <summary>Numbers the inputs of a node densely, so that what each leads to lies in an array.</summary>
internal sealed class NodeInputs
{
    private readonly NodeInput[] _inputs;
    private readonly Dictionary<NodeInput, int> _codes = [];

    public NodeInputs(ExplorerOptions options)
    {
        var inputs = new List<NodeInput>
        {
            new(NodeInputKind.Beat, 0, 0), new(NodeInputKind.Resend, 0, 0), new(NodeInputKind.Propose, 0, 0), new(NodeInputKind.Sync, 0, 0), new(NodeInputKind.Crash, 0, 0),
        };
        for (var peer = 1; peer <= options.Nodes; peer++)
        {
            inputs.Add(new(NodeInputKind.Timeout, peer, 0));
            for (var term = 1; term <= options.Terms; term++)
                inputs.Add(new(NodeInputKind.Notice, peer, term));
        }

        for (var change = 0; change < options.MemberChanges().Count; change++)
            inputs.Add(new(NodeInputKind.Change, 0, change));
        _inputs = [.. inputs];
        for (var code = 0; code < _inputs.Length; code++)
            _codes.Add(_inputs[code], code);
    }

    /// <summary>The number of an input.</summary>
    public int CodeOf(NodeInput input) => input.Kind == NodeInputKind.Deliver ? _inputs.Length + input.Argument : _codes[input];

    /// <summary>The number of a message's delivery.</summary>
    public int CodeOfDelivery(int message) => _inputs.Length + message;

    /// <summary>The input of a number.</summary>
    public NodeInput this[int code] => code < _inputs.Length ? _inputs[code] : new(NodeInputKind.Deliver, 0, code - _inputs.Length);
}
