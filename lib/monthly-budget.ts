import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { Construct } from 'constructs';

/** What the budget is made from. */
export interface MonthlyBudgetProps {
  readonly amountInUsd: number;
  readonly email: string;
}

/**
 * A monthly budget, with emails. It is for the whole account: costs by stack need a tag that an administrator
 * has activated, and would be 0 without.
 */
export class MonthlyBudget extends Construct {
  constructor(scope: Construct, id: string, { amountInUsd, email }: MonthlyBudgetProps) {
    super(scope, id);
    const subscribers = [{ subscriptionType: 'EMAIL', address: email }];
    const above = (notificationType: 'ACTUAL' | 'FORECASTED', threshold: number) => ({
      notification: {
        comparisonOperator: 'GREATER_THAN',
        notificationType,
        threshold,
        thresholdType: 'PERCENTAGE',
      },
      subscribers,
    });
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: amountInUsd, unit: 'USD' },
      },
      notificationsWithSubscribers: [above('ACTUAL', 80), above('FORECASTED', 100)],
    });
  }
}
