using RaftStream.Raft;
using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What an input did to a node: the state it led to and the numbers of the messages sent, or the promise that it broke.</summary>
internal sealed record NodeStep(int State, int[] Sent, ViolationException? Violation);

/// <summary>
/// Every state that a single node was found in, once, and what each input leads to from there. The core is asked once for each pair of state and
/// input; the states of the cluster, of which there are thousands of times more, are then put together from numbers.
/// </summary>
/// <remarks>
/// Sound because a node's next state and what it sends follow from its state and the input alone, and states with equal fingerprints act alike.
/// Each step is made under every renaming of the nodes as well, by the core of the node of that name; the answers must be each other's
/// renamings, or the symmetry that the search rests on does not hold, and it says so.
/// </remarks>
internal sealed class NodeStates
{
    /// <summary>Nodes kept ready; others are made again from the inputs that led to them.</summary>
    private const int Ready = 16_384;

    private readonly ExplorerOptions _options;
    private readonly Renaming[] _renamings;
    private readonly NodeInputs _inputs;
    private readonly KnownMessages _messages;
    private readonly int[,] _after;
    private readonly List<NodeFacts> _facts = [];
    private readonly List<(int From, NodeInput Input)> _origins = [];
    private readonly List<ulong> _fingerprints = [];
    private readonly List<ulong[]> _hashes = [];
    private readonly List<int[]?> _twins = [];
    private readonly List<NodeStep?[]> _steps = [];
    private readonly List<byte[]> _dead = [];
    private readonly List<NodeModel?> _models = [];
    private readonly Queue<int> _ready = new();
    private readonly Dictionary<ulong, int> _known = [];

    public NodeStates(ExplorerOptions options, Renaming[] renamings, NodeInputs inputs, KnownMessages messages)
    {
        (_options, _renamings, _inputs, _messages) = (options, renamings, inputs, messages);
        _after = new int[renamings.Length, renamings.Length];
        for (var first = 0; first < renamings.Length; first++)
        {
            for (var then = 0; then < renamings.Length; then++)
                _after[first, then] = renamings[then].After(renamings[first], renamings);
        }
    }

    public int Count => _facts.Count;

    /// <summary>How often a core was asked.</summary>
    public long Asked { get; private set; }

    public NodeFacts this[int state] => _facts[state];

    /// <summary>The hashes of a state under all renamings.</summary>
    public ReadOnlySpan<ulong> HashesOf(int state) => _hashes[state];

    /// <summary>Whether a message to a node in this state can change nothing any more: <see cref="NodeFacts.IsDead"/>, remembered.</summary>
    public bool IsDead(int state, int message)
    {
        const byte Yes = 1;
        const byte No = 2;
        var known = _dead[state];
        if (message < known.Length && known[message] != 0)
            return known[message] == Yes;
        if (message >= known.Length)
            Array.Resize(ref known, Math.Max(_messages.Count, known.Length * 2));
        known[message] = _facts[state].IsDead(_messages[message].Envelope.Message) ? Yes : No;
        _dead[state] = known;
        return known[message] == Yes;
    }

    /// <summary>The state in which a node begins.</summary>
    public int First(int node, int crashes)
    {
        var states = Array.ConvertAll(_renamings, renaming => Add(new(_options, renaming.Of(node), crashes), -crashes - 1, default));
        Bind(states);
        return states[0];
    }

    /// <summary>What an input leads to.</summary>
    public NodeStep Step(int state, int code)
    {
        var steps = _steps[state];
        return code < steps.Length && steps[code] is { } known ? known : Make(state, code);
    }

    private NodeStep Make(int state, int code)
    {
        var input = _inputs[code];
        var states = new int[_renamings.Length];
        NodeStep? violation = null;
        for (var renaming = 0; renaming < _renamings.Length; renaming++)
        {
            var twin = _twins[state]![renaming];
            var step = MakeOne(twin, _inputs.CodeOf(Rename(input, renaming)));
            if (step.Violation is not null)
                violation ??= step;
            states[renaming] = step.State;
        }

        if (violation is null)
            Bind(states);
        if (violation is null)
            CheckMessages(state, code, input);
        return _steps[state][code]!;
    }

    private NodeStep MakeOne(int state, int code)
    {
        if (code < _steps[state].Length && _steps[state][code] is { } known)
            return known;
        var input = _inputs[code];
        var model = ModelOf(state).Clone();
        Asked++;
        NodeStep step;
        try
        {
            model.Apply(input, input.Kind == NodeInputKind.Deliver ? _messages[input.Argument] : null);
            var sent = new SortedSet<int>();
            foreach (var envelope in model.Sent)
                sent.Add(_messages.IdOf(envelope));
            step = new(Add(model, state, input), [.. sent], null);
        }
        catch (ViolationException violation)
        {
            step = new(state, [], violation);
        }
        catch (InvariantException broken)
        {
            step = new(state, [], new("Invariant", $"node {_facts[state].Node}: {broken.Message}", broken));
        }

        var steps = _steps[state];
        if (code >= steps.Length)
            Array.Resize(ref steps, Math.Max(code + 1, Math.Min(steps.Length * 2, code + 256)));
        steps[code] = step;
        _steps[state] = steps;
        return step;
    }

    private NodeInput Rename(NodeInput input, int renaming) => input.Kind switch
    {
        NodeInputKind.Deliver => input with { Argument = _messages[input.Argument].Twins[renaming] },
        _ => input with { Peer = _renamings[renaming].Of(input.Peer) },
    };

    /// <summary>The number of a node's state, a new one if no node was in it before.</summary>
    private int Add(NodeModel model, int from, NodeInput input)
    {
        var fingerprint = model.Fingerprint();
        if (_known.TryGetValue(fingerprint, out var state))
            return state;
        state = _facts.Count;
        _known.Add(fingerprint, state);
        _facts.Add(model.Facts());
        _origins.Add((from, input));
        _fingerprints.Add(fingerprint);
        _twins.Add(null);
        _steps.Add(new NodeStep?[16]);
        _dead.Add(new byte[16]);
        _hashes.Add([]);
        _models.Add(null);
        Keep(state, model);
        return state;
    }

    /// <summary>States that are each other's renamings, in the order of the renamings.</summary>
    private void Bind(int[] states)
    {
        for (var first = 0; first < states.Length; first++)
        {
            var twins = new int[states.Length];
            for (var then = 0; then < states.Length; then++)
                twins[then] = states[_after[first, then]];
            if (_twins[states[first]] is not { } known)
                (_twins[states[first]], _hashes[states[first]]) = (twins, Array.ConvertAll(twins, twin => _fingerprints[twin]));
            else if (!known.AsSpan().SequenceEqual(twins))
                throw new AsymmetryException();
        }
    }

    private void CheckMessages(int state, int code, NodeInput input)
    {
        var sent = _steps[state][code]!.Sent;
        for (var renaming = 1; renaming < _renamings.Length; renaming++)
        {
            var twin = _steps[_twins[state]![renaming]][_inputs.CodeOf(Rename(input, renaming))]!.Sent;
            if (twin.Length != sent.Length || !Array.TrueForAll(sent, message => Array.IndexOf(twin, _messages[message].Twins[renaming]) >= 0))
                throw new AsymmetryException();
        }
    }

    private NodeModel ModelOf(int state)
    {
        if (_models[state] is { } ready)
            return ready;
        var (from, input) = _origins[state];
        NodeModel model;
        if (from < 0)
        {
            model = new(_options, _facts[state].Node, -from - 1);
        }
        else
        {
            model = ModelOf(from).Clone();
            model.Apply(input, input.Kind == NodeInputKind.Deliver ? _messages[input.Argument] : null);
        }

        Keep(state, model);
        return model;
    }

    private void Keep(int state, NodeModel model)
    {
        if (_ready.Count == Ready)
            _models[_ready.Dequeue()] = null;
        _models[state] = model;
        _ready.Enqueue(state);
    }
}

/// <summary>The core acts differently when the nodes have other names, so states that differ only in names must not count as one.</summary>
internal sealed class AsymmetryException() : Exception("The core acts differently when its nodes have other names: explore without symmetry.");
