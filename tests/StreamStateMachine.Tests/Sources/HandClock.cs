using Microsoft.Extensions.Time.Testing;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A clock moved by hand that tells when somebody begins to wait for it, so that a test need not guess whether a look is over.</summary>
internal sealed class HandClock : FakeTimeProvider
{
    private TaskCompletionSource _waiting = New();

    /// <summary>Ends when somebody waits for the clock that did not before the last move.</summary>
    public Task Waiting => _waiting.Task;

    /// <summary>Moves the clock; whoever waits on behind it is new.</summary>
    public void Move(TimeSpan time)
    {
        _waiting = New();
        Advance(time);
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _waiting.TrySetResult();
        return timer;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
