using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>Clients that work on many objects at the same time; some never learn what became of an operation.</summary>
internal sealed class BusyClients(HistoryModel model, ulong seed)
{
    private readonly SimRandom _random = new(seed);
    private readonly HistoryRecorder _recorder = new();
    private readonly Dictionary<string, HistoryValue> _states = new(StringComparer.Ordinal);
    private int _invoked;
    private bool _isBroken;

    /// <summary>The first read after that many operations tells something that never was.</summary>
    public int BreakAt { get; init; } = int.MaxValue;

    /// <summary>The history of so many operations.</summary>
    public History Run(int clients, int operations, int keys, double lost)
    {
        var running = new Work?[clients];
        var names = Enumerable.Range(0, clients).ToArray();
        while (_invoked < operations)
        {
            var client = _random.Below(clients);
            if (running[client] is not { } work)
                running[client] = Call(names[client], "k" + _random.Below(keys));
            else if (!work.IsDone)
                work.Do(Apply(work));
            else if (_random.Chance(lost))
                (running[client], names[client]) = (null, names[client] + clients);
            else
                running[client] = Answer(work);
        }
        return _recorder.ToHistory();
    }

    private Work Call(int process, string key)
    {
        var change = model switch
        {
            HistoryModel.Register => _random.Chance(0.3) ? OperationFunction.CompareAndSet : OperationFunction.Write,
            HistoryModel.KeyValue => _random.Chance(0.05) ? OperationFunction.Write : OperationFunction.Append,
            HistoryModel.Append => OperationFunction.Append,
            _ => OperationFunction.Add,
        };
        var function = _random.Chance(0.5) ? OperationFunction.Read : change;
        HistoryValue argument = model switch
        {
            _ when function == OperationFunction.Read => default,
            HistoryModel.Register when function == OperationFunction.CompareAndSet => HistoryValue.List(_states.GetValueOrDefault(key), _random.Below(5)),
            HistoryModel.Register => _random.Below(5),
            HistoryModel.Counter => _random.Below(1L << 40) + 1,
            HistoryModel.KeyValue => HistoryValue.FromString($"{_invoked};"),
            _ => _invoked,
        };
        _invoked++;
        return new(_recorder.Invoke(process, key, function, argument), key, function, argument);
    }

    private (bool IsDone, HistoryValue State) Apply(Work work)
    {
        var state = _states.GetValueOrDefault(work.Key);
        HistoryValue next = work.Function switch
        {
            OperationFunction.Read => state,
            OperationFunction.CompareAndSet => work.Argument.Members[1],
            OperationFunction.Write => work.Argument,
            OperationFunction.Append when model == HistoryModel.KeyValue => HistoryValue.FromString(state.Text + work.Argument.Text),
            OperationFunction.Add when model == HistoryModel.Counter => state.Number + work.Argument.Number,
            _ => HistoryValue.List([.. state.Members, work.Argument]),
        };
        if (work.Function == OperationFunction.CompareAndSet && state != work.Argument.Members[0])
            return (false, state);
        _states[work.Key] = next;
        return (true, next);
    }

    private Work? Answer(Work work)
    {
        if (!work.IsApplied)
            _recorder.Fail(work.Number);
        else if (work.Function == OperationFunction.Read)
            _recorder.Ok(work.Number, Told(work.State));
        else
            _recorder.Ok(work.Number, model == HistoryModel.Counter ? work.State : null);
        return null;
    }

    private HistoryValue Told(HistoryValue state)
    {
        if (model == HistoryModel.Counter && state == HistoryValue.Null)
            state = 0;
        if (_isBroken || _invoked < BreakAt)
            return state;
        _isBroken = true;
        return model switch
        {
            HistoryModel.KeyValue => HistoryValue.FromString(state.Text + "?"),
            HistoryModel.Append or HistoryModel.Set => HistoryValue.List([.. state.Members, -1]),
            HistoryModel.Counter => state.Number + 1,
            _ => -1,
        };
    }

    private sealed class Work(int number, string key, OperationFunction function, HistoryValue argument)
    {
        public int Number { get; } = number;

        public string Key { get; } = key;

        public OperationFunction Function { get; } = function;

        public HistoryValue Argument { get; } = argument;

        public bool IsDone { get; private set; }

        public bool IsApplied { get; private set; }

        public HistoryValue State { get; private set; }

        public void Do((bool IsApplied, HistoryValue State) outcome) => (IsDone, IsApplied, State) = (true, outcome.IsApplied, outcome.State);
    }
}
