using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

#region docs/simulate-your-own.md: load
/// <summary>Clients that write and read the register; at the end the checker looks for an order that explains every answer.</summary>
internal sealed class RegisterLoad : ISimulatedWorkload
{
    private readonly HistoryRecorder _history = new();

    public IStateMachine CreateMachine() => new Register();

    public void Act(SimulatedClient client)
    {
        if (client.Random.Chance(0.3))
        {
            var value = client.Random.Below(1L << 40);
            var write = _history.Invoke(client.Id, "register", OperationFunction.Write, value);
            client.Write(BitConverter.GetBytes(value), answer => End(write, answer, null));
            return;
        }

        var read = _history.Invoke(client.Id, "register", OperationFunction.Read);
        client.Read([], answer => End(read, answer, answer.Reply.IsEmpty ? HistoryValue.Null : BitConverter.ToInt64(answer.Reply.Span)));
    }

    public void Check(IReadOnlyList<IStateMachine> replicas)
    {
        var result = LinearizabilityChecker.Check(_history.ToHistory(), HistoryModel.Register);
        if (result.Verdict != Verdict.Linearizable)
            throw new ViolationException("Linearizable", $"{result.Verdict}: {result.FirstIllegal?.Illegal}");
    }

    private void End(int operation, Answer answer, HistoryValue? result)
    {
        if (answer.Outcome == Outcome.Applied)
            _history.Ok(operation, result);
        else if (answer.Outcome == Outcome.Rejected)
            _history.Fail(operation); // Certainly not done.
        else
            _history.Info(operation); // Nobody knows.
    }
}
#endregion
