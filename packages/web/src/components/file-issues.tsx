import type { ImportView } from '@edmp/node/client';
import type { VNode } from 'preact';

/** What a meter file held that was assumed or left out, folded away; nothing when there is none. */
export function FileIssues({ issues }: Pick<ImportView, 'issues'>): VNode | null {
  if (issues.length === 0) return null;
  return (
    <details>
      <summary>
        {issues.length === 1
          ? 'One thing was assumed or left out'
          : `${issues.length} things were assumed or left out`}
      </summary>
      <ul>
        {issues.map((issue, index) => (
          <li key={index} class="wrap">
            {issue.message} <span class="sub">{issue.at}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
