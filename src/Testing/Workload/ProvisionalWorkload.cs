using System.Buffers;
using System.Text;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// Clients that are content with the leader's disk, and ask later, anywhere, what became of what they wrote. What they are told is held against that disk when they are
/// told it, and against the committed log for ever after.
/// </summary>
/// <param name="simulation">The run.</param>
/// <param name="someNode">Draws a node to ask, most often one that leads.</param>
/// <param name="random">A source of its own.</param>
internal sealed class ProvisionalWorkload(Simulation simulation, Func<SimNode> someNode, SimRandom random)
{
    private const string Key = "#provisional";
    private const int MostOpen = 64;

    private readonly Dictionary<long, Write> _writes = [];
    private readonly Dictionary<LogPosition, Write> _given = [];
    private readonly List<Write> _open = [];
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private long _sum;

    /// <summary>Whether all that were given a position know what became of them.</summary>
    public bool IsAtRest => _open.Count == 0;

    /// <summary>A client writes or asks; only asks while things are brought to an end.</summary>
    public void Act(bool isActive)
    {
        if (_open.Count > 0 && (!isActive || _open.Count >= MostOpen || random.Chance(0.5)))
            Confirm(_open[random.Below(_open.Count)]);
        else if (isActive)
            Add();
    }

    /// <summary>A command was applied for the first time anywhere.</summary>
    public void OnApplied(in Command command)
    {
        var reader = new MessagePackReader(command.Payload.Span);
        if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadUInt64(out var opcode) || opcode != (ulong)StoreOpcode.Add)
            return;
        if (!reader.TryReadStringBytes(out var key) || !key.SequenceEqual("#provisional"u8) || !reader.TryReadInt64(out var delta))
            return;
        var write = _writes[delta];
        ViolationException.Require(write.Applied == LogPosition.Zero, "AppliedOnce", $"The provisional add of {delta} is applied at {command.Position} after it was applied at {write.Applied}.");
        ViolationException.Require(!write.IsNever, "LostIsNever", $"The provisional add of {delta} is applied at {command.Position} after it was answered as lost or rejected.");
        ViolationException.Require(
            write.Position == LogPosition.Zero || write.Position == command.Position, "ProvisionalPosition", $"The provisional add of {delta} is applied at {command.Position} and was said to be at {write.Position}.");
        write.Applied = command.Position;
        _sum += delta;
    }

    /// <summary>At the end the counter holds what was applied.</summary>
    public void CheckEnd(Func<string, long> valueOf) =>
        ViolationException.Require(valueOf(Key) == _sum, "AppliedOnce", $"{Key} holds {valueOf(Key)} at the end; what was applied adds up to {_sum}.");

    private void Add()
    {
        var delta = random.Below(1L << 40) + 1;
        if (!_writes.TryAdd(delta, new Write()))
            return;
        StoreCommand.WriteAdd(_bytes, Encoding.UTF8.GetBytes(Key), delta);
        var payload = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        var node = someNode();
        var write = _writes[delta];
        node.Ask(new(RequestKind.Propose, payload, answer => OnAnswer(write, node, answer)) { Concern = WriteConcern.Leader });
    }

    private void OnAnswer(Write write, SimNode node, in Answer answer)
    {
        simulation.Counts.Add($"provisional write {answer.Outcome}");
        ViolationException.Require(answer.Outcome != Outcome.Applied, "NoSilentUpgrade", $"A write that asked for the leader's disk alone is answered as applied at {answer.Position}.");
        if (answer.Outcome == Outcome.Rejected)
            write.IsNever = true;
        if (answer.Position == LogPosition.Zero)
            return;
        ViolationException.Require(_given.TryAdd(answer.Position, write), "ProvisionalPosition", $"Two provisional writes are said to be at {answer.Position}.");
        write.Position = answer.Position;
        if (answer.Outcome == Outcome.Provisional)
        {
            var isHeld = answer.Position.Index <= node.Shadow.Durable && (node.Shadow.At(answer.Position.Index) is not { } held || held.Term == answer.Position.Term);
            ViolationException.Require(isHeld, "ProvisionalIsDurable", $"Leader {node.Id} says that {answer.Position} is on its disk, which holds entries up to {node.Shadow.Durable}.");
        }

        _open.Add(write);
    }

    private void Confirm(Write write) =>
        someNode().Ask(new(RequestKind.Confirm, default, answer => OnConfirmed(write, answer)) { Confirm = write.Position });

    private void OnConfirmed(Write write, in Answer answer)
    {
        simulation.Counts.Add($"confirmed {answer.Outcome}");
        var at = write.Position;
        ViolationException.Require(answer.Outcome != Outcome.Rejected, "ConfirmKnows", $"A question about {at}, which a leader gave out, is rejected: {answer.Refusal}.");
        if (answer.Outcome == Outcome.Unknown)
            return;
        _open.Remove(write);
        if (answer.Outcome == Outcome.Applied)
        {
            ViolationException.Require(simulation.Checker.CommittedTerm(at.Index) == at.Term, "ConfirmedIsCommitted", $"{at} is confirmed, and term {simulation.Checker.CommittedTerm(at.Index)} is committed there.");
            ViolationException.Require(write.Applied == at, "ConfirmedIsCommitted", $"{at} is confirmed as applied, and no replica applied the write there.");
            return;
        }

        ViolationException.Require(answer.Outcome == Outcome.Lost, "ConfirmKnows", $"A question about {at} is answered with {answer.Outcome}.");
        ViolationException.Require(write.Applied == LogPosition.Zero, "LostIsNever", $"{at} is said to be lost, and was applied.");
        var committed = simulation.Checker.Committed;
        var isDecided = committed >= at.Index ? simulation.Checker.CommittedTerm(at.Index) != at.Term : simulation.Checker.CommittedTerm(committed) > at.Term;
        ViolationException.Require(isDecided, "LostIsDecided", $"{at} is said to be lost, and what is committed up to {committed} does not decide it.");
        write.IsNever = true;
    }

    private sealed class Write
    {
        /// <summary>Where it was said to be; zero before.</summary>
        public LogPosition Position { get; set; }

        /// <summary>Where a replica applied it; zero before.</summary>
        public LogPosition Applied { get; set; }

        /// <summary>Whether somebody was told that it never will be.</summary>
        public bool IsNever { get; set; }
    }
}
