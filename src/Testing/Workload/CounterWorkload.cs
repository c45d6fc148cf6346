using System.Buffers;
using System.Globalization;
using System.Text;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// Clients that add to and read a few counters. What they are told is judged at once, as far as it can be, and as a history at the end, when the
/// committed log has told what became of the operations nobody was answered about.
/// </summary>
internal sealed class CounterWorkload
{
    private const int Counters = 4;

    /// <summary>A history of one seed is checked in milliseconds; this bound only keeps a bad one from taking all there is.</summary>
    private static readonly CheckBounds Bounds = new() { Time = TimeSpan.FromMinutes(1), MemoryBytes = 256L << 20 };

    private readonly Simulation _simulation;
    private readonly Func<SimRequest, bool> _ask;
    private readonly HistoryRecorder _history = new();
    private readonly CounterClients[] _clients;
    private readonly CounterEffects[] _effects;
    private readonly CounterOracle[] _oracles;
    private readonly LevelReads _levels;
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private bool _isJudged;

    public CounterWorkload(Simulation simulation, Func<SimRequest, bool> ask, SimRandom random)
    {
        (_simulation, _ask) = (simulation, ask);
        _clients = [.. Enumerable.Range(0, Counters).Select(_ => new CounterClients(simulation.Time))];
        _effects = [.. Enumerable.Range(0, Counters).Select(counter => new CounterEffects(KeyOf(counter), _history))];
        _oracles = [.. Enumerable.Range(0, Counters).Select(_ => new CounterOracle(simulation.Time))];
        _levels = new(simulation, random);
    }

    /// <summary>Some client adds to some counter.</summary>
    public void Add(SimRandom random)
    {
        var counter = random.Below(Counters);
        var delta = random.Below(1L << 40) + 1;
        if (_clients[counter].Take() is not { } client)
            return;
        var (oracle, effects) = (_oracles[counter], _effects[counter]);
        StoreCommand.WriteAdd(_bytes, Encoding.UTF8.GetBytes(effects.Key), delta);
        oracle.Invoke(delta);
        effects.Invoke(client.Process, delta);
        client.Begin(() => effects.GiveUp(delta));
        if (!Ask(RequestKind.Propose, OnAnswer))
            OnAnswer(new(Outcome.Rejected, Refusal.Stopped, default, default));

        void OnAnswer(Answer answer)
        {
            client.End();
            effects.Answered(delta, answer);
            oracle.Complete(delta, answer.Outcome);
            _simulation.Counts.Add($"add {answer.Outcome}");
        }
    }

    /// <summary>Some client reads some counter linearizably.</summary>
    public void Read(SimRandom random)
    {
        var counter = random.Below(Counters);
        if (_clients[counter].Take() is not { } client)
            return;
        var (key, oracle) = (KeyOf(counter), _oracles[counter]);
        var floor = oracle.Floor;
        StoreQuery.WriteGet(_bytes, Encoding.UTF8.GetBytes(key));
        var operation = _history.Invoke(client.Process, key, OperationFunction.Read);
        client.Begin();
        if (!Ask(RequestKind.Read, OnAnswer))
            OnAnswer(new(Outcome.Rejected, Refusal.Stopped, default, default));

        void OnAnswer(Answer answer)
        {
            client.End();
            _simulation.Counts.Add($"read {answer.Outcome}");
            if (answer.Outcome != Outcome.Applied || !CounterReply.TryRead(answer.Reply.Span, out var reply))
            {
                _history.Fail(operation);
                return;
            }

            oracle.Read(key, floor, reply.Value);
            _history.Ok(operation, reply.Value);
        }
    }

    /// <summary>Some client reads some counter at some level.</summary>
    public void ReadAtSomeLevel(SimRandom random)
    {
        var counter = random.Below(Counters);
        StoreQuery.WriteGet(_bytes, Encoding.UTF8.GetBytes(KeyOf(counter)));
        _levels.Read(KeyOf(counter), _oracles[counter], _bytes.WrittenSpan.ToArray());
        _bytes.ResetWrittenCount();
    }

    /// <summary>A command was applied for the first time anywhere.</summary>
    public void OnApplied(in Command command)
    {
        var reader = new MessagePackReader(command.Payload.Span);
        if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadUInt64(out var opcode) || opcode != (ulong)StoreOpcode.Add)
            return;
        if (!reader.TryReadStringBytes(out var key) || key.Length != 2 || key[0] != '#' || !reader.TryReadInt64(out var delta))
            return;
        _effects[key[1] - '0'].Applied(command.Position, delta);
    }

    /// <summary>At the end each counter holds what was added, and what the clients saw was in one order.</summary>
    /// <param name="valueOf">What a replica's counter of a key holds.</param>
    public void CheckEnd(Func<string, long> valueOf)
    {
        for (var counter = 0; counter < Counters; counter++)
        {
            var value = valueOf(KeyOf(counter));
            _oracles[counter].Read(KeyOf(counter), _oracles[counter].Floor, value);
            _effects[counter].EndAll(value);
        }

        if (_isJudged)
            return; // Once is enough: the history is that of all replicas.
        _isJudged = true;
        var history = _history.ToHistory();
        _simulation.Counts.Add("operation in a judged history", history.Operations.Count);
        var result = LinearizabilityChecker.Check(history, HistoryModel.Counter, Bounds);
        ViolationException.Require(result.Verdict == Verdict.Linearizable, "Linearizable", $"The clients' history is {result.Verdict}: {result.FirstIllegal?.Illegal}");
    }

    private static string KeyOf(int counter) => string.Create(CultureInfo.InvariantCulture, $"#{counter}");

    private bool Ask(RequestKind kind, Action<Answer> answered)
    {
        var payload = _bytes.WrittenSpan.ToArray();
        _bytes.ResetWrittenCount();
        return _ask(new(kind, payload, answered));
    }
}
