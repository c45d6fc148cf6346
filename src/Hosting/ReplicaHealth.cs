using Microsoft.Extensions.Diagnostics.HealthChecks;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting;

/// <summary>What <c>/readyz</c> says, as a health check: unhealthy once the replica has failed, degraded while it cannot serve what is new.</summary>
internal sealed class ReplicaHealth(NodeHandle handle) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var fault = handle.Fault ?? handle.Running?.Node.Status.Fault;
        if (fault is not null)
            return Task.FromResult(HealthCheckResult.Unhealthy(fault));
        var why = StatusEndpoints.WhyNotReady(handle);
        return Task.FromResult(why is null ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded(why.Value?.Detail));
    }
}
