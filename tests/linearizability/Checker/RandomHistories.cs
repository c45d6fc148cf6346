using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>
/// Makes small histories from a seed: a few processes work on real objects, some answers are lost, and then, in about half of them, an
/// answer or the place of one is changed, which may or may not make the history illegal.
/// </summary>
internal sealed class RandomHistories(HistoryModel model, ulong seed)
{
    private readonly SimRandom _random = new(seed);
    private readonly Dictionary<string, HistoryValue> _states = new(StringComparer.Ordinal);
    private readonly List<Step> _steps = [];
    private bool _tells;
    private int _domain;
    private int _nextProcess;

    /// <summary>The next history of at most that many operations.</summary>
    public History Next(int most)
    {
        Run(_random.Between(2, most), _random.Between(2, 4), _random.Chance(0.15) ? 2 : 1, _random.NextUnit() * 0.5);
        if (_random.Chance(0.65))
            ChangeAnswer();
        if (_random.Chance(0.5))
            ChangeAnswer();
        if (_random.Chance(0.25))
            MoveAnswer();
        return Record();
    }

    // A step is a call or an answer of one operation.
    private sealed class Step(Work work, bool isCall)
    {
        public Work Work { get; } = work;

        public bool IsCall { get; } = isCall;
    }

    private sealed class Work
    {
        public long Process { get; init; }

        public required string Key { get; init; }

        public OperationFunction Function { get; init; }

        public HistoryValue Argument { get; init; }

        public bool IsApplied { get; set; }

        public bool IsDone { get; set; }

        public HistoryValue? Result { get; set; }
    }

    private void Run(int operations, int processes, int keys, double lost)
    {
        _states.Clear();
        _steps.Clear();
        _tells = _random.Chance(0.5);
        _domain = _random.Between(2, 4);
        _nextProcess = processes;
        var running = new Work?[processes];
        var identities = Enumerable.Range(0, processes).ToArray();
        while (operations > 0 || Array.Exists(running, static work => work is not null))
        {
            var place = _random.Below(processes);
            if (running[place] is not { } work)
            {
                if (operations-- <= 0)
                    continue;
                running[place] = Call(identities[place], "k" + _random.Below(keys));
            }
            else if (!work.IsDone)
            {
                Do(work);
                if (!_random.Chance(lost))
                    continue;
                running[place] = null;
                identities[place] = _nextProcess++;
            }
            else
            {
                _steps.Add(new(work, isCall: false));
                running[place] = null;
            }
        }
    }

    private Work Call(long process, string key)
    {
        var function = Function();
        var work = new Work { Process = process, Key = key, Function = function, Argument = Argument(function) };
        _steps.Add(new(work, isCall: true));
        return work;
    }

    private OperationFunction Function() => model switch
    {
        HistoryModel.Register => Pick(OperationFunction.Read, OperationFunction.Read, OperationFunction.Write, OperationFunction.CompareAndSet),
        HistoryModel.Counter or HistoryModel.Set => Pick(OperationFunction.Read, OperationFunction.Add),
        HistoryModel.KeyValue => Pick(OperationFunction.Read, OperationFunction.Read, OperationFunction.Append, OperationFunction.Append, OperationFunction.Write),
        HistoryModel.Append => Pick(OperationFunction.Read, OperationFunction.Append),
        _ => Pick(OperationFunction.Acquire, OperationFunction.Release),
    };

    private HistoryValue Argument(OperationFunction function) => function switch
    {
        OperationFunction.CompareAndSet => HistoryValue.List(_random.Below(_domain), _random.Below(_domain)),
        OperationFunction.Read or OperationFunction.Acquire or OperationFunction.Release => default,
        OperationFunction.Add when model == HistoryModel.Counter => _random.Below(_domain + 1) - (_domain == 4 ? 1 : 0),
        OperationFunction.Write or OperationFunction.Append when model == HistoryModel.KeyValue =>
            HistoryValue.FromString("abcab".Substring(_random.Below(4), _domain == 2 && _random.Chance(0.1) ? 0 : _random.Between(1, 2))),
        _ => _random.Below(_domain),
    };

    // The object does it, or refuses.
    private void Do(Work work)
    {
        work.IsDone = true;
        var state = _states.GetValueOrDefault(work.Key);
        HistoryValue? next = work.Function switch
        {
            OperationFunction.CompareAndSet => state == work.Argument.Members[0] ? work.Argument.Members[1] : null,
            OperationFunction.Add when model == HistoryModel.Counter => state.Number + work.Argument.Number,
            OperationFunction.Add => state.Members.Contains(work.Argument) ? state : HistoryValue.List([.. state.Members, work.Argument]),
            OperationFunction.Append when model == HistoryModel.KeyValue => HistoryValue.FromString(state.Text + work.Argument.Text),
            OperationFunction.Append => HistoryValue.List([.. state.Members, work.Argument]),
            OperationFunction.Write => work.Argument,
            OperationFunction.Acquire => state.Number == 0 ? 1 : null,
            OperationFunction.Release => state.Number == 1 ? 0 : null,
            _ => state,
        };
        work.IsApplied = next is not null;
        _states[work.Key] = next ?? state;
        if (work.Function == OperationFunction.Read)
            work.Result = model == HistoryModel.Counter ? state.Number : state;
        else if (model == HistoryModel.Counter && _tells)
            work.Result = next;
    }

    private void ChangeAnswer()
    {
        var told = _steps.Where(static step => !step.IsCall).Select(static step => step.Work).ToArray();
        if (told.Length == 0)
            return;
        var work = told[_random.Below(told.Length)];
        if (work.Function is OperationFunction.CompareAndSet or OperationFunction.Acquire or OperationFunction.Release)
            work.IsApplied = !work.IsApplied;
        if (work.Result is null)
            return;
        var others = told.Where(other => other.Result is not null && other.Function == work.Function).ToArray();
        work.Result = _random.Chance(0.5) ? others[_random.Below(others.Length)].Result : model switch
        {
            HistoryModel.Counter => work.Result.Value.Number + _random.Between(-2, 2),
            HistoryModel.KeyValue => HistoryValue.FromString(work.Result.Value.Text + "a"),
            HistoryModel.Append or HistoryModel.Set => HistoryValue.List([.. work.Result.Value.Members, _random.Below(_domain)]),
            _ => _random.Below(_domain),
        };
    }

    // An answer that comes sooner leaves less room to explain it.
    private void MoveAnswer()
    {
        var answers = _steps.Where(static step => !step.IsCall).ToArray();
        if (answers.Length == 0)
            return;
        var moved = answers[_random.Below(answers.Length)];
        _steps.Remove(moved);
        _steps.Insert(_steps.FindIndex(step => step.Work == moved.Work) + 1, moved);
    }

    private History Record()
    {
        var recorder = new HistoryRecorder(64);
        var numbers = new Dictionary<Work, int>();
        foreach (var step in _steps)
        {
            if (step.IsCall)
                numbers[step.Work] = recorder.Invoke(step.Work.Process, step.Work.Key, step.Work.Function, step.Work.Argument);
            else if (step.Work.IsApplied)
                recorder.Ok(numbers[step.Work], step.Work.Result);
            else
                recorder.Fail(numbers[step.Work]);
        }
        return recorder.ToHistory();
    }

    private OperationFunction Pick(params OperationFunction[] functions) => functions[_random.Below(functions.Length)];
}
