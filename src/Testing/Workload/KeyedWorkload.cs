using System.Buffers;
using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// Clients that name their writes with idempotency keys, send each again, to whichever node, until they know what became of it, send some again that they know of, and take
/// keys of others on purpose. What they are told is held against what the first replica to apply each entry did.
/// </summary>
/// <param name="simulation">The run.</param>
/// <param name="retention">How long a key is known, in nanoseconds of log time.</param>
/// <param name="random">A source of its own.</param>
internal sealed class KeyedWorkload(Simulation simulation, long retention, SimRandom random)
{
    private const string Counter = "#keyed";
    private const int MostOpen = 8;
    private const int MostRecent = 16;
    private const long AnswerPatience = 400_000_000;

    private readonly Dictionary<long, KeyedWrite> _writes = [];
    private readonly Dictionary<int, List<KeyedWrite>> _appliedUnder = [];
    private readonly List<KeyedWrite> _open = [];
    private readonly List<KeyedWrite> _recent = [];
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private int _keys;
    private long _sum;
    private bool _isEnding;

    /// <summary>Whether all clients know what became of their writes, or gave them up.</summary>
    public bool IsAtRest => _open.Count == 0;

    /// <summary>A client acts; while things are brought to an end, all that wait send again.</summary>
    public void Act(bool isActive)
    {
        _isEnding = !isActive;
        if (_isEnding)
        {
            foreach (var write in _open.ToArray())
                SendAgain(write);
            return;
        }

        var choice = random.NextUnit();
        if (_open.Count > 0 && (choice < 0.4 || _open.Count >= MostOpen))
        {
            SendAgain(_open[random.Below(_open.Count)]);
        }
        else if (_recent.Count > 0 && choice < 0.65)
        {
            simulation.Counts.Add("keyed write sent again");
            Send(_recent[random.Below(_recent.Count)]);
        }
        else
        {
            Begin();
        }
    }

    /// <summary>A command was applied for the first time anywhere: of those under its key no other was in the time for which that is known.</summary>
    public void OnApplied(in Command command)
    {
        if (!StoreOverlay.TryRead(command.Payload.Span, out var opcode, out var counter, out var delta) || opcode != StoreOpcode.Add || !counter.SequenceEqual("#keyed"u8))
            return;
        var write = _writes[delta];
        ViolationException.Require(!write.IsNever, "ExactlyOnceKey", $"The add of {delta} under key {write.Key} is applied at {command.Position} after it was answered as surely not done.");
        if (!_appliedUnder.TryGetValue(write.Key, out var under))
            _appliedUnder[write.Key] = under = [];
        if (under.Count > 0)
        {
            var (position, time, _) = under[^1].Effects[^1];
            ViolationException.Require(
                command.Time - time >= retention, "ExactlyOnceKey", $"The add of {delta} under key {write.Key} is applied at {command.Position}, {command.Time - time} ns after that of {under[^1].Delta} was at {position}.");
        }

        _sum += delta;
        write.Effects.Add((command.Position, command.Time, _sum));
        under.Add(write);
    }

    /// <summary>At the end the counter holds what was applied.</summary>
    public void CheckEnd(Func<string, long> valueOf) =>
        ViolationException.Require(valueOf(Counter) == _sum, "ExactlyOnceKey", $"{Counter} holds {valueOf(Counter)} at the end; what was applied adds up to {_sum}.");

    /// <summary>A write under a key of its own, or under one of another write.</summary>
    private void Begin()
    {
        var key = _recent.Count > 0 && random.Chance(0.2) ? _recent[random.Below(_recent.Count)].Key : _keys++;
        var write = new KeyedWrite(key, random.Below(1L << 40) + 1);
        if (!_writes.TryAdd(write.Delta, write))
            return;
        _open.Add(write);
        Send(write);
    }

    private void SendAgain(KeyedWrite write)
    {
        var isLate = simulation.Now - write.SentAt > AnswerPatience;
        write.IsInDoubt |= isLate && write.UnderWay > 0;
        if (isLate || write.UnderWay == 0)
            Send(write);
    }

    private void Send(KeyedWrite write)
    {
        StoreCommand.WriteAdd(_bytes, "#keyed"u8, write.Delta);
        var entry = new KeyedEntry(new IdempotencyKey((UInt128)(write.Key + 1))).ToBytes(_bytes.WrittenSpan);
        _bytes.ResetWrittenCount();
        var node = simulation.Nodes[random.Below(simulation.Nodes.Count)];
        if (random.Chance(0.8))
            node = simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader) ?? node;
        write.SentAt = simulation.Now;
        write.UnderWay++;
        if (!node.Ask(new(RequestKind.Propose, entry, answer => OnAnswer(write, answer), EntryKind.Session)))
            write.UnderWay--;
    }

    private void OnAnswer(KeyedWrite write, in Answer answer)
    {
        write.UnderWay--;
        if (answer.Outcome == Outcome.Applied)
        {
            OnApplied(write, answer);
            return;
        }

        write.IsInDoubt |= answer.Outcome == Outcome.Unknown;
        if (answer.Outcome == Outcome.Unknown)
            return;
        simulation.Counts.Add($"keyed write refused: {answer.Refusal}");
        ViolationException.Require(answer.Refusal != Refusal.SessionMalformed, "KeyReply", $"A sound write under key {write.Key} is called malformed.");
        if (answer.Refusal == Refusal.IdempotencyKeyReused)
        {
            var isReused = _appliedUnder.TryGetValue(write.Key, out var under) && under.Exists(other => other != write);
            ViolationException.Require(isReused, "KeyReply", $"The add of {write.Delta} is refused because another write is known under key {write.Key}, and none was applied.");
        }

        if (answer.Refusal == Refusal.IdempotencyKeyReused || (_isEnding && answer.Refusal == Refusal.IdempotencyTableFull))
            GiveUp(write);
    }

    private void OnApplied(KeyedWrite write, in Answer answer)
    {
        simulation.Counts.Add(write.IsAnswered ? "keyed write answered again" : "keyed write Applied");
        var at = answer.Position;
        var place = write.Effects.FindIndex(effect => effect.Position == at);
        ViolationException.Require(place >= 0, "KeyReply", $"The add of {write.Delta} under key {write.Key} is answered with {at}, and was not applied there.");
        if (answer.Refusal != Refusal.ReplyNotKept)
        {
            var isReply = CounterReply.TryRead(answer.Reply.Span, out var reply);
            ViolationException.Require(isReply && reply.Value == write.Effects[place].Value, "KeyReply", $"The add of {write.Delta} under key {write.Key} made {write.Effects[place].Value} and is answered with {reply.Value}.");
        }

        write.IsAnswered = true;
        if (!_open.Remove(write))
            return;
        _recent.Add(write);
        if (_recent.Count > MostRecent)
            _recent.RemoveAt(0);
    }

    /// <summary>It is refused for good: what was only ever refused is surely not done, of the rest nobody knows.</summary>
    private void GiveUp(KeyedWrite write)
    {
        if (!_open.Remove(write))
            return;
        write.IsNever = !write.IsInDoubt && write.UnderWay == 0;
        simulation.Counts.Add(write.IsNever ? "keyed write Rejected" : "keyed write Unknown");
        ViolationException.Require(!write.IsNever || write.Effects.Count == 0, "ExactlyOnceKey", $"The add of {write.Delta} under key {write.Key} is answered as surely not done, and was applied.");
    }

    /// <summary>A write and what became of its attempts.</summary>
    private sealed class KeyedWrite(int key, long delta)
    {
        public int Key => key;

        /// <summary>The amount it adds, which no other write adds.</summary>
        public long Delta => delta;

        /// <summary>Attempts that are not answered.</summary>
        public int UnderWay { get; set; }

        public long SentAt { get; set; }

        /// <summary>Whether an attempt was answered as unknown, or not in time.</summary>
        public bool IsInDoubt { get; set; }

        /// <summary>Whether its client was told that it is applied.</summary>
        public bool IsAnswered { get; set; }

        /// <summary>Whether its client was told that it never will be.</summary>
        public bool IsNever { get; set; }

        /// <summary>Where it was applied, when by the log, and what the counter held then: once in the time for which its key is known.</summary>
        public List<(LogPosition Position, long Time, long Value)> Effects { get; } = [];
    }
}
