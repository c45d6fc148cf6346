using System.Buffers;
using System.Text;

namespace RaftStream.Testing;

/// <summary>Asks some node of the simulation for a session entry; false if none took it.</summary>
internal delegate bool SessionAsk(byte[] entry, Action<Answer> answered);

/// <summary>
/// A client with a session of its own: keeps a few commands under way, sends each again under its sequence until it knows what became of
/// it, sends some twice on purpose, naps until its session expires, closes it and opens another.
/// </summary>
internal sealed class SimSession(Simulation simulation, SessionOracle oracle, SessionAsk ask, SimRandom random, int number, TimeSpan idleTimeout)
{
    private const int MaxUnderWay = 6;
    private const long AnswerPatience = 400_000_000;

    private readonly List<Sent> _commands = [];
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private SessionId? _id;
    private long _next;
    private long _acknowledged;
    private long _openSentAt = long.MinValue / 2;
    private long _napUntil;

    /// <summary>Whether it knows what became of all its commands.</summary>
    public bool IsAtRest => !_commands.Exists(static command => !command.IsDone);

    /// <summary>Goes on a little; without <paramref name="isActive"/> it only finishes what is under way.</summary>
    public void Act(bool isActive)
    {
        if (isActive && simulation.Now < _napUntil)
            return;
        if (_id is null)
        {
            if (isActive)
                Open();
            return;
        }

        foreach (var command in _commands.ToArray())
        {
            if (!command.IsDone && ((command.IsAnswered && random.Chance(0.3)) || simulation.Now - command.SentAt > AnswerPatience))
                Send(command);
        }

        if (isActive && _id is not null)
            DoSomething();
    }

    private void DoSomething()
    {
        var choice = random.NextUnit();
        if (choice < 0.6 && _commands.Count(static command => !command.IsDone) < MaxUnderWay)
        {
            var command = new Sent(_id!.Value, _next++, (random.Below(1L << 40) << 4) + number);
            _commands.Add(command);
            Send(command);
        }
        else if (choice < 0.75 && _commands.Count > 0)
        {
            simulation.Counts.Add("session command sent twice");
            Send(_commands[random.Below(_commands.Count)]);
        }
        else if (choice < 0.78)
        {
            _napUntil = simulation.Now + random.Between(1_000_000, 1_500_000_000);
        }
        else if (choice < 0.79)
        {
            var closing = _id!.Value;
            ask(SessionEntry.Close(closing), answer => OnClosed(closing, answer));
        }
    }

    private void Open()
    {
        if (simulation.Now - _openSentAt < AnswerPatience)
            return;
        _openSentAt = simulation.Now;
        ask(SessionEntry.Open(idleTimeout), answer =>
        {
            simulation.Counts.Add(answer.Refusal == Refusal.SessionTableFull ? "session table full" : $"session opened {answer.Outcome}");
            if (answer.Outcome == Outcome.Applied && _id is null)
                (_id, _next, _acknowledged) = (new(answer.Position.Index.Value), 1, 0);
        });
    }

    private void Send(Sent command)
    {
        // What is acknowledged lags behind now and then, so that repeated commands still find their replies.
        var oldest = _commands.Find(static held => !held.IsDone)?.Sequence ?? _next;
        if (random.Chance(0.5))
            _acknowledged = Math.Max(_acknowledged, oldest - 1 - random.Below(4));
        _commands.RemoveAll(held => held.IsDone && held.Sequence < _acknowledged - 8);
        StoreCommand.WriteAdd(_bytes, Encoding.UTF8.GetBytes(SessionOracle.KeyOf(number)), command.Delta);
        var acknowledged = Math.Min(_acknowledged, command.Sequence - 1);
        var entry = SessionEntry.Command(new(command.Session, command.Sequence, acknowledged, _bytes.WrittenMemory));
        _bytes.ResetWrittenCount();
        (command.SentAt, command.IsAnswered) = (simulation.Now, false);
        command.Attempts++;
        if (!ask(entry, answer => OnAnswer(command, answer)))
            (command.IsAnswered, command.Attempts) = (true, command.Attempts - 1);
    }

    private void OnAnswer(Sent command, Answer answer)
    {
        command.IsAnswered = true;
        if (answer.Outcome == Outcome.Applied)
        {
            OnApplied(command, answer);
            return;
        }

        if (answer.Outcome == Outcome.Unknown)
            return;
        command.Refusals++;
        simulation.Counts.Add($"session command refused: {answer.Refusal}");
        if (answer.Refusal == Refusal.SessionStale)
            ViolationException.Require(command.IsDone, "SessionReply", $"Sequence {command.Sequence} of session {command.Session} is stale before its client had an answer.");
        else if (answer.Refusal == Refusal.SessionExpired)
            End(command.Session);
        ViolationException.Require(answer.Refusal != Refusal.SessionMalformed, "SessionReply", $"A sound command of session {command.Session} is called malformed.");
    }

    private void OnApplied(Sent command, in Answer answer)
    {
        simulation.Counts.Add(command.First is null ? "session command Applied" : "session command answered again");
        if (answer.Refusal == Refusal.ReplyNotKept)
            simulation.Counts.Add("session reply not kept");
        oracle.OnAnswered(command.Delta, answer);
        command.First ??= answer;
        var isSame = command.First.Value.Position == answer.Position
            && (answer.Refusal == Refusal.ReplyNotKept || command.First.Value.Refusal == Refusal.ReplyNotKept || command.First.Value.Reply.Span.SequenceEqual(answer.Reply.Span));
        ViolationException.Require(isSame, "SessionReply", $"Sequence {command.Sequence} of session {command.Session} is answered with {answer.Position} after {command.First.Value.Position}, or with another reply.");
        command.IsDone = true;
    }

    private void OnClosed(SessionId closed, Answer answer)
    {
        if (answer.Outcome == Outcome.Rejected && answer.Refusal != Refusal.SessionExpired)
            return;
        simulation.Counts.Add($"session closed {answer.Outcome}");
        if (answer.Outcome != Outcome.Unknown)
            End(closed);
    }

    /// <summary>A session is over: what was only ever refused is surely not done, of the rest nobody will know.</summary>
    private void End(SessionId ended)
    {
        foreach (var command in _commands)
        {
            if (command.Session != ended || command.IsDone)
                continue;
            command.IsDone = true;
            var isRejected = command.Attempts == command.Refusals;
            simulation.Counts.Add(isRejected ? "session command Rejected" : "session command Unknown");
            if (isRejected)
                oracle.OnRejected(command.Delta);
        }

        if (_id != ended)
            return;
        simulation.Counts.Add("session over");
        _commands.Clear();
        (_id, _openSentAt) = (null, long.MinValue / 2);
    }

    /// <summary>A command and what became of its attempts.</summary>
    private sealed class Sent(SessionId session, long sequence, long delta)
    {
        public SessionId Session => session;

        public long Sequence => sequence;

        /// <summary>The amount it adds, which no other command adds.</summary>
        public long Delta => delta;

        public int Attempts { get; set; }

        public int Refusals { get; set; }

        public long SentAt { get; set; }

        /// <summary>Whether the newest attempt was answered.</summary>
        public bool IsAnswered { get; set; }

        public bool IsDone { get; set; }

        public Answer? First { get; set; }
    }
}
