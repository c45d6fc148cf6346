using System.Buffers;
using System.Text;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// What runs on a simulated cluster: readers that count one growing text while leaders come and go, clients that add to and read a
/// few counters, clients that send what was sent before, and clients with sessions.
/// </summary>
internal sealed class StreamWorkload : IWorkload
{
    private readonly Simulation _simulation;
    private readonly Swarm _swarm;
    private readonly SimRandom _random;
    private readonly TextSource _text;
    private readonly List<SimReader> _readers = [];
    private readonly CounterWorkload _counters;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly SimRandom _acts;
    private readonly SimRandom _times;
    private readonly SimRandom _openings;
    private readonly SimulationPart _without;
    private readonly SimRandom? _bursts;
    private readonly SimRandom _provisionalActs;
    private readonly ProvisionalWorkload? _provisional;
    private readonly SimRandom _watchActs;
    private readonly WatchWorkload? _watches;
    private readonly SimRandom _availableActs;
    private readonly AvailableWorkload? _available;
    private readonly SimRandom _keyedActs;
    private readonly KeyedWorkload? _keyed;
    private readonly SimRandom _batchActs;
    private readonly BatchWorkload? _batches;

    // More of them, sent entry by entry over a slow window, would take longer than a mended cluster has.
    private int _burstsLeft = 3;
    private long _countedTo;
    private bool _isAway;

    public StreamWorkload(Simulation simulation, Swarm swarm, SimRandom random)
    {
        (_simulation, _swarm, _random) = (simulation, swarm, random);
        (_acts, _times, _openings, _without) = (random.Fork(), random.Fork(), random.Fork(), simulation.Options.Without);
        _bursts = swarm.Bursts > 0 && !_without.HasFlag(SimulationPart.Bursts) ? new(simulation.Options.Seed ^ 0x9ddf_ea08_eb38_2d69) : null;
        _provisionalActs = new(simulation.Options.Seed ^ 0x51ed_270b_9f3c_a8e5);
        _provisional = _provisionalActs.Chance(0.3) && !_without.HasFlag(SimulationPart.ProvisionalWrites) ? new(simulation, SomeNode, _provisionalActs.Fork()) : null;
        _watchActs = new(simulation.Options.Seed ^ 0xa3c5_9ac2_ef51_d7b3);
        _watches = _watchActs.Chance(0.3) && !_without.HasFlag(SimulationPart.Watches) ? new(simulation, _watchActs.Fork()) : null;
        _availableActs = new(simulation.Options.Seed ^ 0x7f4a_7c15_9e37_79b9);
        _available = _availableActs.Chance(0.3) && !_without.HasFlag(SimulationPart.AvailableWrites) ? new(simulation, _availableActs.Fork()) : null;
        _keyedActs = new(simulation.Options.Seed ^ 0x2f6b_91d4_c05e_83a7);
        _keyed = _keyedActs.Chance(0.3) && !_without.HasFlag(SimulationPart.KeyedWrites) ? new(simulation, swarm.Sessions.KeyRetention, _keyedActs.Fork()) : null;
        _batchActs = new(simulation.Options.Seed ^ 0x68e3_1da4_b5c9_f27b);
        _batches = _batchActs.Chance(0.3) && !_without.HasFlag(SimulationPart.Batches) ? new(simulation, _batchActs.Fork()) : null;
        _text = new(random.Fork());
        _counters = new(simulation, Ask, random.Fork());
        Sessions = new(simulation, swarm, (entry, answered) => Ask(new(RequestKind.Propose, entry, answered, EntryKind.Session)), random.Fork());
    }

    /// <summary>The clients with sessions.</summary>
    public SessionWorkload Sessions { get; }

    /// <summary>How far the text is counted on the furthest replica.</summary>
    public long CountedTo => _countedTo;

    /// <summary>The text's length.</summary>
    public long TextLength => _text.Bytes.Length;

    /// <summary>Whether new operations begin.</summary>
    public bool IsActive { get; set; } = true;

    public bool IsAtRest => _countedTo == TextLength && Sessions.IsAtRest && _provisional?.IsAtRest != false && _watches?.IsAtRest != false && _available?.IsAtRest != false && _keyed?.IsAtRest != false && _batches?.IsAtRest != false;

    /// <summary>Keeps so few changes that watchers find some forgotten.</summary>
    public IStateMachine CreateMachine() => new CountingStore(historyBytes: ChangeRing.MinBytes);

    public void Begin()
    {
        if (!_without.HasFlag(SimulationPart.Readers))
            _text.Grow(2048);
        Next();
    }

    /// <summary>A client or a reader acts.</summary>
    public void Act()
    {
        if (_isAway)
            return;
        Next();

        // Each act draws from a source of its own: one that is left out leaves the others as they are.
        _random.ForkFrom(_acts);
        foreach (var reader in _readers)
            reader.Step();
        Forget();
        OpenReaders();
        if (!_without.HasFlag(SimulationPart.Sessions))
            Sessions.Act(IsActive);
        if (_provisional is not null && (!IsActive || _provisionalActs.Chance(0.25)))
            _provisional.Act(IsActive);
        if (_watches is not null && (!IsActive || _watchActs.Chance(0.5)))
            _watches.Act(IsActive);
        if (IsActive && _availableActs.Chance(0.3))
            _available?.Act();
        if (_keyed is not null && (!IsActive || _keyedActs.Chance(0.5)))
            _keyed.Act(IsActive);
        if (IsActive && _batchActs.Chance(0.4))
            _batches?.Act();
        if (!IsActive)
            return;
        var choice = _random.NextUnit();
        if (choice < 0.4)
            Do(SimulationPart.Adds);
        else if (choice < 0.55)
            Do(SimulationPart.Reads);
        else if (choice < 0.7)
            Do(SimulationPart.LevelReads);
        else if (choice < 0.75)
            Do(SimulationPart.Repeats);
        else if (choice < 0.8 && _countedTo == TextLength)
            Do(SimulationPart.Readers);
    }

    /// <summary>
    /// Hundreds of commands that change nothing, for the first that leads: where the fault has just cut it off, its log grows beyond what the others
    /// commit without it.
    /// </summary>
    public void OnFault()
    {
        if (!IsActive || _burstsLeft == 0 || _bursts is not { } random || !random.Chance(_swarm.Bursts))
            return;
        _burstsLeft--;
        var leader = _simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader);
        if (leader is not null)
            Burst(leader, _swarm.Burst(random, 50, 500));
    }

    public void OnStarted(SimNode node) => _available?.OnStarted(node);

    public void Burst(SimNode node, int commands)
    {
        for (var more = commands; more > 0; more--)
            node.Ask(new(RequestKind.Propose, new byte[1], static _ => { }));
    }

    public void Leave() => _isAway = true;

    private void Do(SimulationPart part)
    {
        if (_without.HasFlag(part))
            return;
        switch (part)
        {
            case SimulationPart.Adds:
                _counters.Add(_random);
                break;
            case SimulationPart.Reads:
                _counters.Read(_random);
                break;
            case SimulationPart.LevelReads:
                _counters.ReadAtSomeLevel(_random);
                break;
            case SimulationPart.Repeats:
                Repeat();
                break;
            default:
                _text.Grow(_random.Between(1, 2048));
                break;
        }
    }

    /// <summary>A command was applied for the first time anywhere: is every word counted exactly once?</summary>
    public void OnNewState(SimNode node, in Command command)
    {
        Sessions.Oracle.OnApplied(command);
        _counters.OnApplied(command);
        _provisional?.OnApplied(command);
        if (_batches?.OnApplied(command) == true)
            _watches?.OnBatch(command.Position.Index, _batches.Changes);
        else
            _watches?.OnApplied(node, command);
        _available?.OnApplied(command);
        _keyed?.OnApplied(command);
        var reader = new MessagePackReader(command.Payload.Span);
        if (!reader.TryReadArrayHeader(out _) || !reader.TryReadUInt64(out var opcode) || opcode != (ulong)StoreOpcode.Advance)
            return;
        var machine = node.ApplyingMachine!;
        var position = Query(machine, static bytes => StoreQuery.WriteJob(bytes, SimReader.Partition), static reply => PartitionReply.TryRead(reply))!;
        if (position.Offset == _countedTo)
            return;
        ViolationException.Require(position.Offset > _countedTo && position.Offset <= TextLength, "OffsetMonotonic", $"The committed offset goes from {_countedTo} to {position.Offset} of {TextLength}.");
        _countedTo = position.Offset;
        _simulation.Counts.Add("advance applied");
        CompareWords(machine, (int)_countedTo);
    }

    /// <summary>At the end: every reader has stopped, everything is counted, and every counter holds what it may.</summary>
    public void CheckEnd(IReadOnlyList<IStateMachine> replicas)
    {
        foreach (var replica in replicas)
            CheckEnd(replica);
    }

    private void CheckEnd(IStateMachine machine)
    {
        CompareWords(machine, (int)_countedTo);
        _counters.CheckEnd(key => ValueOf(machine, key));
        _provisional?.CheckEnd(key => ValueOf(machine, key));
        _available?.CheckEnd(key => ValueOf(machine, key));
        _keyed?.CheckEnd(key => ValueOf(machine, key));
        _batches?.CheckEnd(machine);
        foreach (var (key, sum) in Sessions.Oracle.Sums)
            ViolationException.Require(ValueOf(machine, key) == sum, "ExactlyOnceSession", $"{key} holds {ValueOf(machine, key)} at the end; the commands that were applied add up to {sum}.");
    }

    private void Next() =>
        _simulation.Events.Add(_simulation.Now + 1 + _times.Below(2 * _swarm.ClientEvery), new(SimEventKind.Client, default, default, 0, 0, 0, null));

    /// <summary>A leader that is ready gets a reader; now and then a second one, which takes the partition over.</summary>
    private void OpenReaders()
    {
        foreach (var node in _simulation.Nodes)
        {
            if (node.Replica?.Consensus.IsReady != true || _countedTo == TextLength)
                continue;
            var has = _readers.Exists(reader => reader.Node == node && !reader.IsOver);
            if (!has || (_readers.Count < 6 && _openings.Chance(0.02)))
                _readers.Add(new(_simulation, _text, node, _swarm.Window));
        }
    }

    private void Forget()
    {
        for (var i = _readers.Count - 1; i >= 0; i--)
        {
            if (!_readers[i].IsOver)
                continue;
            _readers[i].Dispose();
            _readers.RemoveAt(i);
        }
    }

    /// <summary>Somebody sends a reader's last command again, to whoever leads by now: it must not count twice.</summary>
    private void Repeat()
    {
        if (_readers.Count == 0 || _readers[_random.Below(_readers.Count)].LastCommand is not { } command)
            return;
        _bytes.Write(command);
        Ask(RequestKind.Propose, answer => _simulation.Counts.Add(
            answer.Outcome == Outcome.Applied ? $"repeated advance {PartitionReply.TryRead(answer.Reply.Span)?.Problem}" : $"repeated advance {answer.Outcome}"));
    }

    /// <summary>Asks a node, most often the one that leads.</summary>
    private bool Ask(RequestKind kind, Action<Answer> answered)
    {
        var payload = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        return Ask(new(kind, payload, answered));
    }

    /// <summary>Where two believe that they lead, any of them: a client cannot know which is right.</summary>
    private SimNode? SomeLeader()
    {
        SimNode? leader = null;
        var later = _random.Chance(0.5);
        foreach (var node in _simulation.Nodes)
        {
            if (node.Replica?.Consensus.Core.Role == Role.Leader && (leader is null || later))
                leader = node;
        }

        return leader;
    }

    /// <summary>For those who draw from a source of their own.</summary>
    private SimNode SomeNode()
    {
        var node = _simulation.Nodes[_provisionalActs.Below(_simulation.Nodes.Count)];
        return _provisionalActs.Chance(0.8) ? _simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader) ?? node : node;
    }

    private bool Ask(SimRequest request)
    {
        var node = _simulation.Nodes[_random.Below(_simulation.Nodes.Count)];
        if (_random.Chance(0.8))
            node = SomeLeader() ?? node;
        return node.Ask(request);
    }

    private void CompareWords(IStateMachine machine, int offset)
    {
        var expected = _text.CountsUpTo(offset);
        var top = Query(machine, static bytes => StoreQuery.WriteTop(bytes, 10_000), static reply => TopReply.TryRead(reply))!;
        var words = 0;
        foreach (var row in top.Rows)
        {
            if (row.Key[0] == '#')
                continue;
            words++;
            ViolationException.Require(
                expected.GetValueOrDefault(row.Key) == row.Value, "ExactlyOnce", $"After {offset} bytes the word '{row.Key}' is counted {row.Value} times; it stands there {expected.GetValueOrDefault(row.Key)} times.");
        }

        ViolationException.Require(words == expected.Count, "ExactlyOnce", $"After {offset} bytes {words} words are counted; {expected.Count} stand there.");
    }

    private static long ValueOf(IStateMachine machine, string key)
    {
        CounterReply read = default;
        Query(machine, bytes => StoreQuery.WriteGet(bytes, Encoding.UTF8.GetBytes(key)), reply => CounterReply.TryRead(reply, out read) ? "" : null);
        return read.Value;
    }

    private static T? Query<T>(IStateMachine machine, Action<IBufferWriter<byte>> write, Func<ReadOnlySpan<byte>, T?> read)
    {
        var query = new ArrayBufferWriter<byte>();
        var reply = new ArrayBufferWriter<byte>();
        write(query);
        machine.Query(query.WrittenSpan, reply);
        return read(reply.WrittenSpan);
    }
}
