using System.Buffers;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// Clients that are content with the disk of whichever node they ask. What is accepted is held against that node's outbox whenever its process starts, against the log for ever, and against
/// every tentative read.
/// </summary>
/// <param name="simulation">The run.</param>
/// <param name="random">A source of its own.</param>
internal sealed class AvailableWorkload(Simulation simulation, SimRandom random)
{
    private const string Key = "#available";

    private readonly Dictionary<long, Write> _writes = [];
    private readonly Dictionary<NodeId, HashSet<Write>> _held = [];
    private readonly List<(LogIndex Index, long Sum)> _sums = [(LogIndex.Zero, 0)];
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>Whether everything that members hold has come into the log.</summary>
    public bool IsAtRest => simulation.Healing.Members().All(static node => node.Replica?.Outbox.Board.Pending.Count == 0);

    /// <summary>A client writes or reads, or a disk is about to fail where an outbox uses it.</summary>
    public void Act()
    {
        CheckNothingLost();
        var node = simulation.Nodes[random.Below(simulation.Nodes.Count)];
        var choice = random.NextUnit();
        if (choice < 0.6)
            Add(node);
        else if (choice < 0.9)
            Read(node);
        else if (choice < 0.93)
            Ask(node, static bytes => StoreCommand.WriteDelete(bytes, "#available"u8), OnForeign);
        else if (simulation.HasFormed && simulation.Options.Profile != FaultProfile.Cuts && !simulation.Options.Without.HasFlag(SimulationPart.DiskCrash))
            node.Disk.CrashAtPoint(IoPoints.DrawOfOutbox(random), (CrashMoment)random.Below(3));
    }

    /// <summary>A process has started: what its node accepted is in the log or in its outbox, and nothing else is there than what was asked for.</summary>
    public void OnStarted(SimNode node)
    {
        var held = _held[node.Id] = [];
        var pending = node.Replica!.Outbox.Board.Pending;
        foreach (var command in pending.Behind(default))
        {
            var isOurs = TryReadDelta(command.Span, out var delta) && _writes.TryGetValue(delta, out _);
            ViolationException.Require(isOurs && _writes[delta].Node == node, "OutboxIsSound", $"The outbox of node {node.Id} holds a command that nobody gave it.");
            ViolationException.Require(!_writes[delta].IsNever, "RefusedIsNever", $"The outbox of node {node.Id} holds the add of {delta}, which was refused.");
            held.Add(_writes[delta]);
        }

        if (!IsWhole(node))
            return;
        foreach (var write in _writes.Values)
        {
            ViolationException.Require(
                write.Node != node || !write.IsAccepted || write.Applied != LogPosition.Zero || held.Contains(write),
                "AcceptedIsDurable",
                $"Node {node.Id} accepted command {write.Place.Sequence} of epoch {write.Place.Start}, and after a start it is neither in its outbox nor applied.");
        }
    }

    /// <summary>A command was applied for the first time anywhere.</summary>
    public void OnApplied(in Command command)
    {
        if (!TryReadDelta(command.Payload.Span, out var delta))
            return;
        var write = _writes[delta];
        ViolationException.Require(write.Applied == LogPosition.Zero, "AcceptedAtMostOnce", $"The add of {delta} is applied at {command.Position} after it was applied at {write.Applied}.");
        ViolationException.Require(!write.IsNever, "RefusedIsNever", $"The add of {delta} is applied at {command.Position} after it was refused.");
        write.Applied = command.Position;
        _sums.Add((command.Position.Index, _sums[^1].Sum + delta));
    }

    /// <summary>At the end everything that members with their own disks accepted is applied, and the counter holds what was.</summary>
    public void CheckEnd(Func<string, long> valueOf)
    {
        CheckNothingLost();
        ViolationException.Require(valueOf(Key) == _sums[^1].Sum, "AcceptedAtMostOnce", $"{Key} holds {valueOf(Key)} at the end; what was applied adds up to {_sums[^1].Sum}.");
        var members = simulation.Healing.Members().Where(IsWhole).ToHashSet();
        foreach (var write in _writes.Values)
        {
            ViolationException.Require(
                !write.IsAccepted || write.Applied != LogPosition.Zero || !members.Contains(write.Node),
                "AcceptedInTheEnd",
                $"Node {write.Node.Id} accepted command {write.Place.Sequence} of epoch {write.Place.Start}, and at the end it is not applied.");
        }
    }

    private static bool IsWhole(SimNode node) => !node.IsDamaged && !node.HasLostDisk;

    private static bool TryReadDelta(ReadOnlySpan<byte> command, out long delta) =>
        StoreOverlay.TryRead(command, out var opcode, out var key, out delta) && opcode == StoreOpcode.Add && key.SequenceEqual("#available"u8);

    private void CheckNothingLost()
    {
        foreach (var node in simulation.Nodes)
            ViolationException.Require(!IsWhole(node) || node.Replica?.Outbox.Board.Lost.Value is not > 0, "AcceptedIsNotLost", $"Node {node.Id} counts {node.Replica?.Outbox.Board.Lost.Value} commands as lost, and its disk is its own.");
    }

    private void Add(SimNode node)
    {
        var delta = random.Below(1L << 40) + 1;
        var write = new Write(node);
        if (_writes.TryAdd(delta, write))
            Ask(node, bytes => StoreCommand.WriteAdd(bytes, "#available"u8, delta), answer => OnAnswer(write, answer));
    }

    private void Ask(SimNode node, Action<IBufferWriter<byte>> command, Action<Answer> answered)
    {
        command(_bytes);
        var payload = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        node.Ask(new(RequestKind.Propose, payload, answered) { Concern = WriteConcern.Available });
    }

    private void OnAnswer(Write write, in Answer answer)
    {
        simulation.Counts.Add($"available write {answer.Outcome}");
        ViolationException.Require(
            answer.Outcome is Outcome.Accepted or Outcome.Rejected or Outcome.Unknown, "NoSilentUpgrade", $"A write that asked for the outbox alone is answered as {answer.Outcome}.");
        write.IsNever = answer.Outcome == Outcome.Rejected;
        if (answer.Accepted is not { } place)
            return;
        (write.IsAccepted, write.Place) = (true, place);
        _held[write.Node.Id].Add(write);
    }

    private void OnForeign(Answer answer) => ViolationException.Require(
        answer is { Outcome: Outcome.Rejected, Refusal: Refusal.NotCommutative or Refusal.Stopped }, "OnlyWhatCommutes", $"A deletion is answered as {answer.Outcome} by an outbox.");

    private void Read(SimNode node)
    {
        StoreQuery.WriteGet(_bytes, "#available"u8);
        var query = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        node.Ask(new(RequestKind.ReadTentative, query, answer => OnRead(node, answer)));
    }

    /// <summary>The state at the index, and each command that the outbox holds and the state does not, once.</summary>
    private void OnRead(SimNode node, in Answer answer)
    {
        if (answer.Outcome != Outcome.Applied || !IsWhole(node))
            return;
        var index = answer.Position.Index;
        var sum = _sums[_sums.FindLastIndex(known => known.Index <= index)].Sum;
        var isTentative = false;
        foreach (var (delta, write) in _writes)
        {
            if (!_held[node.Id].Contains(write) || (write.Applied != LogPosition.Zero && write.Applied.Index <= index))
                continue;
            sum += delta;
            isTentative = true;
        }

        simulation.Counts.Add(isTentative ? "tentative read of something pending" : "tentative read of nothing pending");
        var isSound = CounterReply.TryRead(answer.Reply.Span, out var reply);
        ViolationException.Require(
            isSound && reply.Value == sum && answer.IsTentative == isTentative, "TentativeIsExact", $"Node {node.Id} answers {reply.Value} at {index}{(answer.IsTentative ? ", tentatively" : "")}; with what waits it is {sum}.");
    }

    /// <summary>An add, and what became of it.</summary>
    private sealed class Write(SimNode node)
    {
        /// <summary>Who was asked.</summary>
        public SimNode Node => node;

        /// <summary>Whether it was accepted.</summary>
        public bool IsAccepted { get; set; }

        /// <summary>Where, if it was.</summary>
        public OutboxPlace Place { get; set; }

        /// <summary>Where a replica applied it; zero before.</summary>
        public LogPosition Applied { get; set; }

        /// <summary>Whether it was refused, and so never will be.</summary>
        public bool IsNever { get; set; }
    }
}
